"""Runs the `pulumi` executable: its process group is ours, nothing that it started outlives it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from tenantry_ops.engine.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import FrameType

RUN: Final = "TENANTRY_RUN"
"""Environment variable by which every process of one run is found again, whatever became of its parents."""

POLL_SECONDS: Final = 0.05
_PLUGINS: Final = ("pulumi-resource-", "pulumi-language-")
_STOP: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A finished command: exit status (negative: the signal that ended it) and what it wrote."""

    status: int
    stdout: str
    stderr: str
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A call of `pulumi`: the arguments behind the executable, where and in which environment."""

    executable: Path
    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]


def call(command: Command, timeout: float = 120) -> Finished:
    """Runs a short command to its end; one that takes longer than `timeout` seconds is killed."""
    watched = Watched(command, log=None)
    deadline = time.monotonic() + timeout
    with watched:
        while watched.poll() is None:
            if time.monotonic() > deadline:
                watched.kill()
            time.sleep(POLL_SECONDS)
        return watched.finished()


class Watched:
    """A running `pulumi`. Use as a context manager: at its end no process of the run is left.

    `stop` asks the engine to end after what it has begun; a second `stop` kills it.
    """

    def __init__(self, command: Command, *, log: Scratch | None) -> None:
        self._command = command
        self._log = log
        self._out, self._err = Scratch(), Scratch()
        self._process: subprocess.Popen[bytes] | None = None
        self._stops = 0

    def __enter__(self) -> Self:
        command = self._command
        self._process = subprocess.Popen(
            [str(command.executable), *command.arguments],
            cwd=command.folder,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=self._out.descriptor,
            stderr=self._err.descriptor,
            process_group=0,
            pass_fds=() if self._log is None else (self._log.descriptor,),
        )
        return self

    def __exit__(self, *_: object) -> None:
        clean = self._running.poll() == 0
        if self._running.poll() is None:
            self.kill()
            self._running.wait()
        if not clean:
            kill_run(self._command.environment.get(RUN, ""))
        self._out.close()
        self._err.close()

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("not started")
        return self._process

    @property
    def pid(self) -> int:
        """The engine's process id."""
        return self._running.pid

    @property
    def interrupted(self) -> bool:
        """Whether somebody asked for an end."""
        return self._stops > 0

    def poll(self) -> int | None:
        """The exit status, None while it runs."""
        return self._running.poll()

    def stop(self) -> None:
        """The first time: asks for a graceful end. The second time: kills."""
        self._stops += 1
        if self._stops > 1:
            self.kill()
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)

    def kill(self) -> None:
        """Kills the engine and everything it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        kill_run(self._command.environment.get(RUN, ""))

    def finished(self) -> Finished:
        """What it wrote; only after `poll` gave a status."""
        status = self._running.wait()
        return Finished(
            status=status, stdout=self._out.text(1 << 24), stderr=self._err.text(), interrupted=self.interrupted
        )


@contextlib.contextmanager
def passing_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` for every signal that asks us to end, while the context lasts; only the main thread can do so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, handle) for number in _STOP}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def kill_run(run: str) -> list[int]:
    """Kills every process of a run, found by its environment; their ids."""
    if not run:
        return []
    import psutil

    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(RUN) == run:
                process.kill()
                found.append(process.pid)
    return found


def kill_orphans(root: str) -> list[int]:
    """Kills plugins and language hosts of a project that no engine stands above any more; their ids.

    They are what a killed plain `pulumi` leaves, which has no mark of ours. `root` is the project's folder, as their
    environment names it.
    """
    import psutil

    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get("TENANTRY_ROOT") != root or not _is_plugin(process.cmdline()):
                continue
            if any(parent.name() == "pulumi" for parent in process.parents()):
                continue
            for each in (process, *process.children(recursive=True)):
                each.kill()
                found.append(each.pid)
    return found


def _is_plugin(command: Sequence[str]) -> bool:
    return any(part.rsplit("/", 1)[-1].startswith(_PLUGINS) for part in command[:2])
