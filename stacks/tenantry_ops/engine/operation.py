"""One `pulumi` process, watched through its event log."""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenantry_ops.engine.diagnosis import Failure, diagnose
from tenantry_ops.engine.events import Diagnostic, Outputs, ResourceEvent, Stamped, Summary, parse
from tenantry_ops.engine.process import POLL_SECONDS, Watched, passing_on_signals
from tenantry_ops.engine.results import EngineResult, InterruptedRunError, LockedError, NoStackError, Operation
from tenantry_ops.engine.scratch import Scratch
from tenantry_ops.environment import ERROR_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.errors import TenantryError
    from tenantry_ops.engine.events import Event
    from tenantry_ops.engine.process import Finished
    from tenantry_ops.engine.stack import Stack

_ARGUMENTS: Final[Mapping[Operation, tuple[str, ...]]] = {
    "preview": ("preview",),
    "up": ("up", "--yes", "--skip-preview"),
    "refresh": ("refresh", "--yes", "--skip-preview"),
    "destroy": ("destroy", "--yes", "--skip-preview"),
}
_ALWAYS: Final = ("--suppress-outputs", "--suppress-progress", "--skip-plugin-pre-install")


def operate(
    stack: Stack, operation: Operation, on_event: Callable[[Event], None], started: Callable[[int], None]
) -> EngineResult:
    """Starts the engine once and watches it to its end.

    Args:
        stack: whose.
        operation: what.
        on_event: called for every step.
        started: told the engine's process id.

    Raises:
        LockedError, NoStackError: what the backend says; can be put right and tried again.
        InterruptedRunError: a signal ended it.
        TenantryError: as `diagnose` says.
    """
    began = time.monotonic()
    watch = _Watch(stack, operation, on_event)
    log = Scratch()
    descriptor, error_file = tempfile.mkstemp(prefix="tenantry-error-")
    os.close(descriptor)
    stack.environment[ERROR_FILE] = error_file
    try:
        command = stack.command(*_ARGUMENTS[operation], *_ALWAYS, "--event-log", log.path)
        with Watched(command, log=log) as engine, passing_on_signals(engine.stop):
            started(engine.pid)
            while engine.poll() is None:
                watch.take(log)
                time.sleep(POLL_SECONDS)
            watch.take(log)
            done = engine.finished()
        if done.status:
            raise watch.error(done, _program_error(Path(error_file)))
    finally:
        log.close()
        Path(error_file).unlink(missing_ok=True)
    return EngineResult(
        operation=operation,
        changes=watch.changes,
        outputs=watch.outputs,
        seconds=time.monotonic() - began,
        diagnostics=tuple(watch.diagnostics),
        fingerprint=watch.fingerprint,
    )


@dataclass(slots=True)
class _Watch:
    """What was seen of a running operation."""

    stack: Stack
    operation: Operation
    on_event: Callable[[Event], None]
    changes: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    fingerprint: str | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def take(self, log: Scratch) -> None:
        """Takes what the engine logged since the last call."""
        redact = self.stack.redactor
        for line in log.lines():
            for event in parse(line):
                if isinstance(event, Summary):
                    self.changes = dict(event.changes)
                elif isinstance(event, Outputs):
                    self.outputs = redact.value(dict(event.values))
                elif isinstance(event, Stamped):
                    self.fingerprint = event.fingerprint
                elif isinstance(event, Diagnostic):
                    said = Diagnostic(severity=event.severity, urn=event.urn, message=redact.text(event.message))
                    self.diagnostics.append(said)
                    self.on_event(said)
                elif isinstance(event, ResourceEvent):
                    self.on_event(event)

    def error(self, done: Finished, program_error: dict[str, Any] | None) -> TenantryError:
        """The error to raise for an engine that ended with a status other than 0."""
        stderr = self.stack.redactor.text(done.stderr)
        if done.interrupted:
            return InterruptedRunError(
                f"The {self.operation} of {self.stack.instance} was interrupted; what it had finished is recorded.",
                hint=f"Go on with it: tenantry {self.operation} {self.stack.instance}",
            )
        if "currently locked by" in stderr:
            return LockedError(stderr, hint="Wait for the other operation to end.")
        if "no stack named" in stderr:
            return NoStackError(stderr)
        failure = Failure(
            instance=self.stack.instance,
            operation=self.operation,
            status=done.status,
            diagnostics=self.diagnostics,
            stderr=stderr,
            key=self.stack.key,
            program_error=self.stack.redactor.value(program_error),
        )
        return diagnose(failure, self._components)

    def _components(self) -> list[str]:
        from tenantry_ops.loading import load

        return [component.id for component in load(self.stack.project, self.stack.instance).plan.components]


def _program_error(file: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None
