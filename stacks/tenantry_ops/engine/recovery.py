"""Puts a stack right after an engine was killed, so that it takes the next operation.

Three things are left behind: processes that nobody watches, Pulumi's own lock, and operations that were begun and whose
end nobody knows. The first are ended, the lock of a dead process is removed, and a refresh asks the vendor what became
of the third; a create that was begun is forgotten, since a repeated create finds what it made before.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING, Final

from tenantry.errors import EngineError
from tenantry_ops.engine.process import RUN, Watched, kill_orphans, kill_run, passing_on_signals
from tenantry_ops.engine.statefile import named_locks, remove

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenantry_ops.engine.lease import Record
    from tenantry_ops.engine.stack import Stack
    from tenantry_ops.engine.statefile import Lock

WAIT_SECONDS: Final = 20.0
"""How long an engine that lost its runner may go on by itself."""

GRACE_SECONDS: Final = 10.0
"""How long it may take to end when it is asked to."""

REFRESH_SECONDS: Final = 300.0
_POLL: Final = 0.1
_DYING_SECONDS: Final = 3.0


def repair(stack: Stack, before: Record | None, note: Callable[[str], None]) -> bool:
    """Ends what the last run left, removes dead locks, settles what was begun. True where anything was done.

    Args:
        stack: the stack; its lease is held.
        before: the last run's record.
        note: told what is done.

    Raises:
        EngineError: somebody else works on the stack, or the repair failed.
    """
    left = before is not None and not before.finished and _end_run(before, note)
    if stack.state is None:
        return left
    unlocked = _unlock(stack, stack.state.locks(), note)
    for path in stack.state.unreadable_locks():
        remove(path)
    pending = stack.state.pending_operations()
    if pending:
        note(f"{len(pending)} operations were begun and not ended; asking the vendor what became of them.")
        settle(stack)
    return left or unlocked or bool(pending)


def unlock_named(stack: Stack, message: str, note: Callable[[str], None]) -> bool:
    """For backends that are no folder: removes the locks that the engine's message names, if their processes are dead.

    True where the operation can be tried again. Raises EngineError where somebody else works on the stack.
    """
    locks = named_locks(message)
    if not locks:
        return False
    _refuse_alive(stack, locks)
    note("The last engine was killed; removing its lock.")
    stack.call("cancel", "--yes")
    settle(stack)
    return True


def settle(stack: Stack) -> None:
    """Refreshes the stack and forgets creates that were begun. Raises EngineError."""
    command = stack.command("refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--suppress-outputs")
    deadline = time.monotonic() + REFRESH_SECONDS
    with Watched(command, log=None) as engine, passing_on_signals(engine.stop):
        while engine.poll() is None:
            if time.monotonic() > deadline:
                engine.kill()
            time.sleep(_POLL)
        done = engine.finished()
    if done.status:
        raise stack.error("refresh", done.status, done.stderr or done.stdout)


def _unlock(stack: Stack, locks: Sequence[Lock], note: Callable[[str], None]) -> bool:
    if not locks:
        return False
    _refuse_alive(stack, locks)
    note("The last engine was killed; removing its lock.")
    for lock in locks:
        if lock.path is not None:
            remove(lock.path)
    kill_orphans(str(stack.project.root))
    return True


def _refuse_alive(stack: Stack, locks: Sequence[Lock]) -> None:
    # A killed engine is seen for a moment longer, until the kernel has taken back its memory.
    deadline = time.monotonic() + _DYING_SECONDS
    for lock in locks:
        while lock.is_alive():
            if not lock.is_ours or time.monotonic() > deadline:
                raise locked(stack.instance, lock)
            time.sleep(_POLL)


def locked(instance: str, lock: Lock) -> EngineError:
    """The error for a stack that somebody else works on."""
    if lock.is_ours:
        hint = "Wait for it to end, then run this again."
    else:
        hint = (
            f"Wait for it to end. If that machine is gone for good: pulumi cancel --stack {instance}, "
            "with the environment that `tenantry env` prints."
        )
    return EngineError(f"{instance} is locked by another engine: {lock}.", hint=hint)


def _end_run(record: Record, note: Callable[[str], None]) -> bool:
    """Waits for an engine that lost its runner, then asks it to end, then kills what is left of its run."""
    import psutil

    if not record.engine:
        return bool(kill_run(record.run))
    try:
        engine = psutil.Process(record.engine)
        lost = engine.environ().get(RUN) == record.run
    except psutil.Error:
        lost = False
    if lost:
        note(f"An engine of an earlier `{record.operation}` still runs (pid {record.engine}); waiting for it.")
        if not _gone(record.engine, WAIT_SECONDS):
            note("Asking it to end.")
            with contextlib.suppress(ProcessLookupError):
                os.kill(record.engine, signal.SIGINT)
            _gone(record.engine, GRACE_SECONDS)
    return bool(kill_run(record.run)) or lost


def _gone(pid: int, seconds: float) -> bool:
    import psutil

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(_POLL)
    return False
