"""One operation on one instance: one `pulumi` process, watched through its event log."""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from tenantry.errors import EngineError, TenantryError
from tenantry_ops.engine.diagnosis import Failure, diagnose
from tenantry_ops.engine.events import Diagnostic, Note, Outputs, ResourceEvent, Summary, parse
from tenantry_ops.engine.lease import lease
from tenantry_ops.engine.process import POLL_SECONDS, Watched, passing_on_signals
from tenantry_ops.engine.recovery import repair, settle, unlock_named
from tenantry_ops.engine.scratch import Scratch
from tenantry_ops.engine.stack import Stack, init, never_deployed
from tenantry_ops.environment import ERROR_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry_ops.engine.events import Event
    from tenantry_ops.project import Project

Operation: TypeAlias = Literal["preview", "up", "refresh", "destroy"]

_ARGUMENTS: Final[Mapping[Operation, tuple[str, ...]]] = {
    "preview": ("preview",),
    "up": ("up", "--yes", "--skip-preview"),
    "refresh": ("refresh", "--yes", "--skip-preview"),
    "destroy": ("destroy", "--yes", "--skip-preview"),
}
_ALWAYS: Final = ("--suppress-outputs", "--suppress-progress", "--suppress-permalink", "--skip-plugin-pre-install")


class InterruptedRunError(EngineError):
    """Somebody asked the operation to end before it was done."""

    exit_code = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineResult:
    """A finished operation.

    `changes`: the engine's word for an operation -> how many resources. `outputs`: the stack's outputs, secrets as
    `[secret]`, values that a preview does not know as `[unknown]`. `seconds`: wall time. `diagnostics`: what was said.
    `repaired`: whether something that an earlier run left had to be put right first.
    """

    operation: Operation
    changes: dict[str, int]
    outputs: dict[str, Any]
    seconds: float
    diagnostics: tuple[Diagnostic, ...] = ()
    repaired: bool = False


@dataclass(slots=True)
class _Watch:
    """What was seen of a running operation."""

    stack: Stack
    on_event: Callable[[Event], None]
    changes: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def take(self, log: Scratch) -> None:
        for line in log.lines():
            for event in parse(line):
                if isinstance(event, Summary):
                    self.changes = dict(event.changes)
                elif isinstance(event, Outputs):
                    self.outputs = self.stack.redactor.value(dict(event.values))
                elif isinstance(event, Diagnostic):
                    said = Diagnostic(
                        severity=event.severity, urn=event.urn, message=self.stack.redactor.text(event.message)
                    )
                    self.diagnostics.append(said)
                    self.on_event(said)
                elif isinstance(event, ResourceEvent):
                    self.on_event(event)


def run(
    project: Project, instance: str, operation: Operation, on_event: Callable[[Event], None] = lambda _event: None
) -> EngineResult:
    """Runs one operation on one instance.

    The engine is started once; once more where the stack must be made first, or where an earlier run was killed and has
    left operations whose end nobody knows. A preview changes nothing and repairs nothing.

    Args:
        project: where the instance is.
        instance: its id.
        operation: what to do.
        on_event: called for every step, in the calling thread.

    Raises:
        IdentityError: the stack is another account's, runtime's, mode's or tenant's.
        EngineError: the engine failed, or somebody else works on the stack; `InterruptedRunError` after a signal.
        TenantryError: whatever the program found: SpecError, CapabilityError, PreflightError, ...
    """
    began = time.monotonic()
    if operation == "preview":
        stack = Stack.of(project, instance)
        _make(stack, operation, on_event)
        return _operate(stack, operation, on_event, began, lambda _pid: None)
    with lease(project, instance, operation) as held:
        stack = Stack.of(project, instance, held.record.run)

        def note(text: str) -> None:
            on_event(Note(message=text))

        repaired = repair(stack, held.before, note)
        _make(stack, operation, on_event)
        try:
            result = _operate(stack, operation, on_event, began, held.engine_started, repaired=repaired)
        except _LockedError as error:
            if not unlock_named(stack, error.message, note):
                raise
            result = _operate(stack, operation, on_event, began, held.engine_started, repaired=True)
        if stack.state is None and any("pending operations" in item.message for item in result.diagnostics):
            settle(stack)
        held.finish()
        return result


class _LockedError(EngineError):
    """The backend says that the stack is locked."""


def _make(stack: Stack, operation: Operation, on_event: Callable[[Event], None]) -> None:
    if stack.state is None or stack.state.exists():
        return
    if operation in {"refresh", "destroy"}:
        raise never_deployed(stack.instance)
    on_event(Note(message=f"Making the stack {stack.instance}."))
    init(stack)


def _operate(
    stack: Stack,
    operation: Operation,
    on_event: Callable[[Event], None],
    began: float,
    started: Callable[[int], None],
    *,
    repaired: bool = False,
) -> EngineResult:
    watch = _Watch(stack, on_event)
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
        program_error = _program_error(Path(error_file))
    finally:
        log.close()
        Path(error_file).unlink(missing_ok=True)
    stderr = stack.redactor.text(done.stderr)
    if done.interrupted and done.status:
        raise InterruptedRunError(
            f"The {operation} of {stack.instance} was interrupted; what it had finished is recorded.",
            hint=f"Go on with it: tenantry {operation} {stack.instance}",
        )
    if done.status and "currently locked by" in stderr:
        raise _LockedError(stderr, hint="Wait for the other operation to end.")
    if done.status:
        raise _error(operation, watch, stderr, done.status, program_error)
    return EngineResult(
        operation=operation,
        changes=watch.changes,
        outputs=watch.outputs,
        seconds=time.monotonic() - began,
        diagnostics=tuple(watch.diagnostics),
        repaired=repaired,
    )


def _error(
    operation: Operation, watch: _Watch, stderr: str, status: int, program_error: dict[str, Any] | None
) -> TenantryError:
    stack = watch.stack
    failure = Failure(
        instance=stack.instance,
        operation=operation,
        status=status,
        diagnostics=watch.diagnostics,
        stderr=stderr,
        key=stack.key,
        program_error=stack.redactor.value(program_error),
    )

    def components() -> list[str]:
        from tenantry_ops.loading import load

        return [component.id for component in load(stack.project, stack.instance).plan.components]

    return diagnose(failure, components)


def _program_error(file: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None
