"""Processes that stand for containers: started or adopted, waited for, stopped with everything they started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from tenantry_vendor.sandbox.launcher import process_identity
from tenantry_vendor.sandbox.process import LAUNCHER_ENVIRONMENT, ProcessRecord, launch_line, launch_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_POLL_SECONDS: Final = 0.2
_SIGNAL_BASE: Final = 128


class LocalProcess:
    """One running process, a session of its own. `record` tells who it is."""

    def __init__(self, record: ProcessRecord, child: subprocess.Popen[bytes] | None) -> None:
        self.record = record
        self._child = child
        self._ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._watch()

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        *,
        record: Path,
        log: Path,
        cwd: Path,
        environment: Mapping[str, str],
        extra: Mapping[str, Any],
    ) -> LocalProcess:
        """Starts a command with exactly this environment; the record lies at `record` before the command runs."""
        options = launch_options(
            command,
            record=record,
            log=log,
            cwd=cwd,
            environment=environment,
            extra=extra,
            detach=False,
            umask=0o022,
        )
        child = subprocess.Popen(
            launch_line(),
            env=LAUNCHER_ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # It cannot have been reaped: that is ours to do, so the number is its own.
        identity = process_identity(child.pid) or ""
        if child.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(options)
                child.stdin.close()
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return cls(ProcessRecord(pid=child.pid, identity=identity, started=started, extra=dict(extra)), child)

    @classmethod
    def adopt(cls, record: ProcessRecord) -> LocalProcess | None:
        """Takes over a process that an earlier runner started; None where it no longer runs."""
        return cls(record, None) if record.alive else None

    async def wait(self) -> int | None:
        """The exit status, 128 + n after signal n; None where it cannot be known because another runner started it."""
        return await asyncio.shield(self._ended)

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._ended.done()

    def terminate(self) -> None:
        """Asks the process itself to end, as a container runtime does: its children are its own affair."""
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.record.pid, self.record.stop_signal)

    def kill(self) -> None:
        """Ends the process and everything that it started."""
        if self.ended:
            return
        family: list[psutil.Process] = []
        with contextlib.suppress(psutil.Error):
            family = psutil.Process(self.record.pid).children(recursive=True)
        self._kill_session()
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.kill()

    async def stop(self, seconds: float) -> None:
        """Asks the process to end, kills it after `seconds`."""
        self.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.wait(), seconds)
        self.kill()
        await self.wait()

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            descriptor = os.pidfd_open(self.record.pid)
        except (AttributeError, ProcessLookupError):
            self._polling = loop.create_task(self._poll())
            return

        def finished() -> None:
            loop.remove_reader(descriptor)
            os.close(descriptor)
            self._finish()

        loop.add_reader(descriptor, finished)

    async def _poll(self) -> None:
        # Only where the system has no descriptors of processes: there is nothing to be woken by.
        while process_identity(self.record.pid) == self.record.identity:  # noqa: ASYNC110 - see above
            await asyncio.sleep(_POLL_SECONDS)
        self._finish()

    def _finish(self) -> None:
        # What it started must not outlive it, as in a container. A child that was not reaped yet still holds its
        # number, so the group is surely its own.
        self._kill_session()
        status: int | None = None
        if self._child is not None:
            code = self._child.wait()
            status = code if code >= 0 else _SIGNAL_BASE - code
        if not self._ended.done():
            self._ended.set_result(status)

    def _kill_session(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.record.pid, signal.SIGKILL)


def container_memory(leaders: Sequence[int]) -> dict[int, int]:
    """Memory in bytes of each of these processes and all that it started, one pass over the process table.

    What processes share, such as a database's buffers, counts once: the most that one of them shares.
    """
    if not Path("/proc/self/stat").exists():
        return {leader: _tree_memory(leader) for leader in leaders}
    page = os.sysconf("SC_PAGE_SIZE")
    table = _process_table()
    own, shared = dict.fromkeys(leaders, 0), dict.fromkeys(leaders, 0)
    for pid, (_, session) in table.items():
        # Its session tells it even where its parent has ended; a server's children may have left the session.
        leader = session if session in own else _ancestor(pid, table, own)
        if leader is None:
            continue
        try:
            fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        own[leader] += (int(fields[1]) - int(fields[2])) * page
        shared[leader] = max(shared[leader], int(fields[2]) * page)
    return {leader: own[leader] + shared[leader] for leader in leaders}


def _process_table() -> dict[int, tuple[int, int]]:
    """Process -> its parent and its session."""
    table: dict[int, tuple[int, int]] = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            text = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        fields = text.rpartition(")")[2].split()
        table[int(entry.name)] = int(fields[1]), int(fields[3])
    return table


def _ancestor(pid: int, table: Mapping[int, tuple[int, int]], leaders: Mapping[int, int]) -> int | None:
    seen = 0
    while pid in table and pid not in leaders and seen < len(table):
        pid, seen = table[pid][0], seen + 1
    return pid if pid in leaders else None


def _tree_memory(pid: int) -> int:
    total = 0
    with contextlib.suppress(psutil.Error):
        leader = psutil.Process(pid)
        for member in [leader, *leader.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += int(member.memory_info().rss)
    return total
