"""One operation on one instance: the lease, the repair of what an earlier run left, the engine, once."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Final

from tenantry.errors import EngineError, PreflightError
from tenantry_ops.baseline import note_deployed
from tenantry_ops.engine.barriers import forward_only, refuse_way_back
from tenantry_ops.engine.deployed import resources_of
from tenantry_ops.engine.events import IDENTITY_TYPE, Note
from tenantry_ops.engine.lease import lease
from tenantry_ops.engine.operation import operate
from tenantry_ops.engine.recovery import repair, settle, unlock_named
from tenantry_ops.engine.results import EngineResult, LockedError, NoStackError, Operation
from tenantry_ops.engine.stack import Stack, never_deployed
from tenantry_ops.stacks import ensure_stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry_ops.engine.events import Event
    from tenantry_ops.project import Project

HISTORY: Final = 5
"""How many earlier states and entries of the history a file backend keeps per stack; the engine itself keeps all."""

_PENDING: Final = "pending operations"


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
        attempt = _Attempt(Stack.of(project, instance), operation, on_event, lambda _pid: None)
        attempt.make_stack()
        result = attempt.go()
    else:
        with lease(project, instance, operation) as held:
            attempt = _Attempt(Stack.of(project, instance, held.record.run), operation, on_event, held.engine_started)
            attempt.repaired = repair(attempt.stack, held.before, attempt.note)
            try:
                attempt.make_stack()
                if operation == "destroy":
                    _refuse_protected(attempt.stack)
                elif operation == "up":
                    _refuse_way_back(attempt.stack)
                result = attempt.go()
                if operation != "refresh":
                    note_deployed(project, instance, result.fingerprint if operation == "up" else None)
            finally:
                if attempt.stack.state is not None:
                    attempt.stack.state.prune(HISTORY)
                # Whatever was raised, the engine has ended and nothing of it is left: only a kill leaves no such note.
                held.finish()
    return dataclasses.replace(result, seconds=time.monotonic() - began, repaired=attempt.repaired)


@dataclasses.dataclass(slots=True)
class _Attempt:
    """An operation with the repairs that only the backend's own answer shows to be needed."""

    stack: Stack
    operation: Operation
    on_event: Callable[[Event], None]
    started: Callable[[int], None]
    repaired: bool = False

    def note(self, text: str) -> None:
        self.on_event(Note(message=text))

    def make_stack(self) -> None:
        """Makes a stack whose absence can be seen without the engine."""
        if self.stack.state is not None and not self.stack.state.exists():
            self._ensure()

    def go(self) -> EngineResult:
        try:
            result = self._operate()
        except LockedError as error:
            if self.operation == "preview" or not unlock_named(self.stack, error.message, self.note):
                raise
            self.repaired = True
            result = self._operate()
        except NoStackError:
            self._ensure()
            result = self._operate()
        begun = any(_PENDING in item.message for item in result.diagnostics)
        if begun and self.stack.state is None and self.operation == "up":
            settle(self.stack)
            self.repaired = True
        return result

    def _operate(self) -> EngineResult:
        return operate(self.stack, self.operation, self.on_event, self.started)

    def _ensure(self) -> None:
        if self.operation in {"refresh", "destroy"}:
            raise never_deployed(self.stack.instance)
        _refuse_retired(self.stack)
        ensure_stack(self.stack.project, self.stack.instance, self.note)


def _refuse_retired(stack: Stack) -> None:
    """A retired instance has no stack any more: making one for it would begin an empty one."""
    lifecycle = stack.project.tenant_data(stack.instance).get("lifecycle")
    if isinstance(lifecycle, dict) and lifecycle.get("state") == "retired":
        raise PreflightError(
            f"{stack.instance} is retired.",
            hint=f"Bring its kept data back: tenantry adopt {stack.instance}. To begin anew without data, set "
            "`lifecycle.state: running` in its tenant file.",
        )


def _refuse_way_back(stack: Stack) -> None:
    if stack.state is None:
        return
    resources = stack.state.resources()
    stamp = next((one for one in resources if one.get("type") == IDENTITY_TYPE), {})
    template = str((stamp.get("inputs") or {}).get("template", "")).partition("@")[0]
    refuse_way_back(stack.project, stack.instance, template, forward_only(resources))


def _refuse_protected(stack: Stack) -> None:
    """The engine would remove everything that does not hold data before it comes to what is protected."""
    held = [one for one in resources_of(stack) or () if one.protected and one.type.split(":")[0] != "tenantry"]
    if held:
        named = ", ".join(f"{one.name} ({one.id})" for one in held[:5])
        raise EngineError(
            f"{stack.instance} has data that is protected: {named}. Nothing was removed.",
            hint=f"End the instance and keep its data, with a record of where it is: tenantry retire {stack.instance}. "
            f"Or delete its data for good: tenantry retire {stack.instance} --data delete",
        )
