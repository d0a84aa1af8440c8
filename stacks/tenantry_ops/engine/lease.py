"""One operation at a time on one instance, among all runners of this machine; the record of the last one is kept.

The kernel gives the lease back when its holder dies, however it dies. What the holder's record says is then about a run
that is over, or whose engine still runs without anybody who watches it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from tenantry.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tenantry_ops.project import Project

_FILE: Final = "lease.json"


@dataclass(slots=True, kw_only=True)
class Record:
    """Who works on an instance. `run` marks every process of the run, `engine` is the engine's process id or 0."""

    run: str
    operation: str
    pid: int
    started: float
    engine: int = 0
    finished: bool = False


@dataclass(slots=True)
class Lease:
    """The lease on one instance; `before` is the record that the last holder left, None where there was none."""

    record: Record
    before: Record | None
    folder: Path
    _descriptor: int

    def engine_started(self, pid: int) -> None:
        """Notes the engine's process, so that it is found should we die."""
        self.record.engine = pid
        self._write()

    def finish(self) -> None:
        """Notes that the run ended in order: nothing has to be repaired."""
        self.record.finished = True
        self._write()

    def _write(self) -> None:
        raw = json.dumps(asdict(self.record)).encode()
        os.pwrite(self._descriptor, raw, 0)
        os.ftruncate(self._descriptor, len(raw))


def run_folder(project: Project, instance: str) -> Path:
    """Where runs of an instance keep their small files."""
    return project.folder / "runs" / instance


@contextlib.contextmanager
def lease(project: Project, instance: str, operation: str) -> Iterator[Lease]:
    """Takes the lease for an operation.

    Raises EngineError where another runner holds it, with its process id and operation.
    """
    folder = run_folder(project, instance)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        before = _read(descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _taken(instance, before) from None
        before = _read(descriptor)
        record = Record(run=uuid.uuid4().hex, operation=operation, pid=os.getpid(), started=time.time())
        held = Lease(record, before, folder, descriptor)
        held._write()  # noqa: SLF001 - the lease's own module
        yield held
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> Record | None:
    raw = os.pread(descriptor, 1 << 16, 0)
    try:
        return Record(**json.loads(raw))
    except (ValueError, TypeError):
        return None


def _taken(instance: str, holder: Record | None) -> EngineError:
    who = "Another tenantry process"
    if holder is not None:
        since = time.strftime("%H:%M:%S", time.localtime(holder.started))
        who = f"Another tenantry process (pid {holder.pid}, `{holder.operation}` since {since})"
    return EngineError(f"{who} is working on {instance}.", hint="Wait for it to end, then run this again.")
