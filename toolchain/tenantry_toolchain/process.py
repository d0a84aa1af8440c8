"""Long child processes: output line by line, a heartbeat, a time limit, and no orphans."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LEASH = Path(__file__).with_name("leash.py")
_KEPT_LINES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a command ended. `code` is None where its time limit ended it; `errors` holds the last lines of stderr."""

    code: int | None
    output: str
    errors: str

    @property
    def ok(self) -> bool:
        """Whether the command succeeded."""
        return self.code == 0

    @property
    def text(self) -> str:
        """Everything it said, for a person."""
        return f"{self.output}\n{self.errors}".strip()


def run(
    command: Sequence[object],
    *,
    cwd: Path,
    env: Mapping[str, str],
    on_error_line: Callable[[str], None] = lambda _line: None,
    on_tick: Callable[[], None] = lambda: None,
    expired: Callable[[float], bool] = lambda _seconds: False,
) -> Outcome:
    """Run `command` in a process group that ends with this process, whatever ends this process.

    Args:
        command: program and arguments.
        cwd: its working folder.
        env: its whole environment.
        on_error_line: called with each line of stderr.
        on_tick: called several times a second.
        expired: asked several times a second with the seconds since the start; True kills the whole group.

    Raises:
        OSError: the command could not be started.
    """
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_LEASH), *map(str, command)],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    output: list[str] = []
    errors: deque[str] = deque(maxlen=_KEPT_LINES)
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    readers = [
        threading.Thread(target=_drain, args=(process.stdout, output.append), daemon=True),
        threading.Thread(target=_drain, args=(process.stderr, lines.put), daemon=True),
    ]
    started = time.monotonic()
    timed_out = False

    def take() -> None:
        while not lines.empty():
            line = lines.get()
            errors.append(line)
            on_error_line(line)

    try:
        for reader in readers:
            reader.start()
        while process.poll() is None:
            take()
            on_tick()
            if expired(time.monotonic() - started):
                timed_out = True
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.1)
    finally:
        end(process)
        for reader in readers:
            reader.join(timeout=5)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()
    take()
    return Outcome(code=None if timed_out else process.returncode, output="\n".join(output), errors="\n".join(errors))


def end(process: subprocess.Popen[str]) -> None:
    """Kill the whole group of a process that `run` started, also what it left behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _drain(stream: IO[str] | None, put: Callable[[str], None]) -> None:
    with contextlib.suppress(ValueError, OSError):
        for line in stream or ():
            put(line.rstrip("\n"))
