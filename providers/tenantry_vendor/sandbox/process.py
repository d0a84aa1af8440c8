"""Processes that outlive the command that started them: records, liveness, stopping."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from tenantry.errors import SandboxError
from tenantry_vendor.sandbox import launcher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_POLL_SECONDS = 0.05
_KILL_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRecord:
    """One started process. `identity` tells it from a later process with the same number; `started` is ISO 8601."""

    pid: int
    identity: str
    started: str
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        """Whether exactly this process still runs."""
        return launcher.process_identity(self.pid) == self.identity

    @property
    def stop_signal(self) -> signal.Signals:
        """What asks this process to end: `stop_signal` of `extra`, by name, else SIGTERM."""
        return signal.Signals[str(self.extra.get("stop_signal", "SIGTERM"))]

    @classmethod
    def read(cls, path: Path) -> ProcessRecord | None:
        """The record in this file; None where there is none or it cannot be understood."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                pid=int(found["pid"]),
                identity=str(found["identity"]),
                started=str(found["started"]),
                extra=dict(found["extra"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None


def launch_line() -> list[str]:
    """The command line of the launcher, which reads the rest from its standard input."""
    return [sys.executable, "-I", "-S", str(Path(launcher.__file__))]


def launch_options(
    command: Sequence[str],
    *,
    record: Path,
    log: Path,
    cwd: Path,
    environment: Mapping[str, str],
    extra: Mapping[str, Any],
    detach: bool,
    umask: int,
) -> bytes:
    """What the launcher reads from its standard input. A command that is not detached needs this process to start."""
    options = {
        "command": list(command),
        "environment": dict(environment),
        "record": str(record),
        "log": str(log),
        "cwd": str(cwd),
        "detach": detach,
        "umask": umask,
        "parent": 0 if detach else os.getpid(),
        "extra": dict(extra),
    }
    return json.dumps(options).encode()


LAUNCHER_ENVIRONMENT: Final = {"LANG": "C.UTF-8"}
"""The launcher's own environment; the command's comes with the options."""


def launch_failure(record: Path) -> str:
    """Why the launcher could not run the command; empty where it left no reason."""
    reason = record.with_name(record.name + ".error")
    return reason.read_text(encoding="utf-8") if reason.exists() else ""


def start_detached(
    command: Sequence[str],
    *,
    record: Path,
    log: Path,
    cwd: Path,
    environment: Mapping[str, str],
    extra: Mapping[str, Any],
) -> ProcessRecord:
    """Starts a daemon that belongs to no terminal and no parent. Raises SandboxError where it cannot be run."""
    options = launch_options(
        command,
        record=record,
        log=log,
        cwd=cwd,
        environment=environment,
        extra=extra,
        detach=True,
        umask=0o077,
    )
    done = subprocess.run(launch_line(), env=LAUNCHER_ENVIRONMENT, check=False, input=options)
    found = ProcessRecord.read(record)
    if done.returncode or found is None:
        detail = launch_failure(record) or f"the launcher ended with {done.returncode}"
        raise SandboxError(f"{record.stem} could not be started: {detail}", hint="Run `tenantry doctor`.")
    return found


def signal_process(record: ProcessRecord, number: signal.Signals, *, group: bool) -> None:
    """Sends a signal to exactly this process, or to its whole process group; nothing where it no longer runs."""
    if record.alive:
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(record.pid, number)


def stop(record: ProcessRecord, *, seconds: float) -> bool:
    """Asks the process to end, kills it after `seconds`. Returns whether it had to be killed."""
    signal_process(record, signal.SIGTERM, group=False)
    if _ended([record], seconds):
        return False
    signal_process(record, signal.SIGKILL, group=False)
    _ended([record], _KILL_SECONDS)
    return True


def stop_groups(records: Sequence[ProcessRecord], *, seconds: float) -> None:
    """Asks all these sessions' processes to end, kills what is left after `seconds`, and what left its session too."""
    family = [child for record in records for child in _descendants(record)]
    for record in records:
        signal_process(record, record.stop_signal, group=True)
    _ended([*records, *family], seconds)
    for record in records:
        signal_process(record, signal.SIGKILL, group=True)
    for child in family:
        signal_process(child, signal.SIGKILL, group=False)
    _ended([*records, *family], _KILL_SECONDS)


def _descendants(record: ProcessRecord) -> list[ProcessRecord]:
    if not record.alive:
        return []
    found: list[ProcessRecord] = []
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(record.pid).children(recursive=True):
            identity = launcher.process_identity(child.pid)
            if identity is not None:
                found.append(ProcessRecord(pid=child.pid, identity=identity, started=""))
    return found


def _ended(records: Sequence[ProcessRecord], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(record.alive for record in records):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
