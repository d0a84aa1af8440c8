"""The long-running processes of a sandbox: started once, found again, stopped exactly."""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenantry.contract.sandbox import ServiceStatus
from tenantry.errors import SandboxError
from tenantry_vendor.sandbox import logfile
from tenantry_vendor.sandbox.files import private_folder
from tenantry_vendor.sandbox.process import ProcessRecord, start_detached, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_POLL_SECONDS = 0.05
_TAIL = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """One process of a sandbox.

    `ready` returns "" once the process answers, else what is missing. `address` is what a status shows. `ports` are the
    names of the ports that it listens on. Times in seconds.
    """

    name: str
    command: tuple[str, ...]
    ready: Callable[[], str]
    address: str = ""
    ports: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    start_seconds: float = 60
    stop_seconds: float = 15

    @property
    def digest(self) -> str:
        """Changes with the command line and environment: a process with another digest is out of date."""
        return hashlib.sha256(json.dumps([self.command, dict(self.environment)]).encode()).hexdigest()


def daemon_environment(temporary: Path) -> dict[str, str]:
    """What daemons get: nothing of the operator's own variables, whose secrets would stay readable for ever."""
    return {
        "PATH": os.defpath,
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
    }


class DaemonFolder:
    """Records and logs of the daemons of one sandbox: `run/<name>.json` and `logs/<name>.log`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def record_file(self, name: str) -> Path:
        """Where the process is recorded."""
        return self.folder / "run" / f"{name}.json"

    def log_file(self, name: str) -> Path:
        """Where the process writes."""
        return self.folder / "logs" / f"{name}.log"

    def find(self, name: str) -> ProcessRecord | None:
        """The running process of that name."""
        record = ProcessRecord.read(self.record_file(name))
        return record if record is not None and record.alive else None

    def start(self, daemon: Daemon) -> ProcessRecord:
        """Starts the process; does not wait until it answers. Raises SandboxError."""
        for part in ("run", "logs", "tmp"):
            private_folder(self.folder / part)
        logfile.bound(self.log_file(daemon.name))
        return start_detached(
            daemon.command,
            record=self.record_file(daemon.name),
            log=self.log_file(daemon.name),
            cwd=self.folder,
            environment=daemon_environment(self.folder / "tmp") | dict(daemon.environment),
            extra={"digest": daemon.digest, "stop_seconds": daemon.stop_seconds},
        )

    def stop(self, name: str) -> bool:
        """Stops the process of that name; returns whether one ran."""
        record = self.find(name)
        if record is not None:
            stop(record, seconds=float(record.extra.get("stop_seconds", 15)))
        self.record_file(name).unlink(missing_ok=True)
        return record is not None

    def wait(self, daemon: Daemon, record: ProcessRecord) -> None:
        """Returns once the process answers. Raises SandboxError with its last words where it ended or took too long."""
        deadline = time.monotonic() + daemon.start_seconds
        while missing := daemon.ready():
            if not record.alive:
                raise self._failed(daemon, "ended while it started")
            if time.monotonic() > deadline:
                raise self._failed(daemon, f"does not answer after {daemon.start_seconds:.0f} s: {missing}")
            time.sleep(_POLL_SECONDS)

    def _failed(self, daemon: Daemon, what: str) -> SandboxError:
        log = self.log_file(daemon.name)
        words = "\n".join(f"  {line[:300]}" for line in logfile.tail(log, _TAIL))
        return SandboxError(
            f"The sandbox's {daemon.name} {what}. Its last words:\n{words}",
            hint=f"Read {log}, then start the sandbox again.",
        )

    def status(self, name: str, address: str, ready: Callable[[], str]) -> ServiceStatus:
        """What there is to say about the process of that name."""
        recorded = ProcessRecord.read(self.record_file(name))
        if recorded is None:
            return ServiceStatus(name=name, state="stopped")
        if not recorded.alive:
            return ServiceStatus(name=name, state="failed", detail="ended unexpectedly; start the sandbox again")
        missing = ready()
        if missing:
            return ServiceStatus(name=name, state="failed", pid=recorded.pid, address=address, detail=missing)
        return ServiceStatus(name=name, state="running", pid=recorded.pid, address=address)
