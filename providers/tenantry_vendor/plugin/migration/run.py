"""Does the work of one change of version: lock, backup, then each service's migration."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from tenantry.backups import BackupStore, make_backup
from tenantry.contract.backups import Backups
from tenantry.contract.tasks import Locks, Tasks
from tenantry.errors import TaskError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from tenantry.contract.tasks import TaskResult
    from tenantry_vendor.plugin.migration.rules import Work


def perform(work: Work, adapter: object, environment: Mapping[str, str], progress: Callable[[str], None]) -> str:
    """Does the work; returns the id of the backup that was made, empty for none.

    Doing it again after a failure or a kill runs nothing again that has succeeded. Raises TaskError where a migration
    failed or another one is under way, VendorError.
    """
    if not work.tasks:
        return ""
    if not isinstance(adapter, Tasks):
        raise TaskError(
            f"The runtime {work.instance.runtime!r} cannot run migrations.", hint="Upgrade the runtime's package."
        )
    purpose = f"the migration to {work.template}"
    with _held(adapter, work, purpose, environment):
        backup = _backup(work, adapter, environment, progress)
        for task in work.tasks:
            progress(f"{work.instance.instance}: migrating {task.component} to {work.template}")
            result = adapter.run_task(task, environment, progress)
            if result.outcome != "succeeded":
                raise _failure(work, task.component, task.timeout, result, backup)
    return backup


def _held(adapter: object, work: Work, purpose: str, environment: Mapping[str, str]) -> AbstractContextManager[None]:
    if isinstance(adapter, Locks):
        return adapter.hold(work.instance, work.id, purpose, environment)
    return contextlib.nullcontext()


def _backup(work: Work, adapter: object, environment: Mapping[str, str], progress: Callable[[str], None]) -> str:
    if not work.data:
        return ""
    if not isinstance(adapter, Backups):
        raise TaskError(
            f"The runtime {work.instance.runtime!r} cannot back data up, and no migration runs without a backup.",
            hint="Upgrade the runtime's package.",
        )
    made = make_backup(
        adapter,
        BackupStore.of(environment),
        instance=work.instance,
        data=work.data,
        template=work.before or work.template,
        purpose=f"before {work.template}",
        environment=environment,
        progress=progress,
    )
    return made.id


def _failure(work: Work, component: str, timeout: int, result: TaskResult, backup: str) -> TaskError:
    if result.outcome == "timeout":
        how = f"did not end within {timeout} seconds and was stopped"
    elif result.exit_code is None:
        how = "failed"
    else:
        how = f"failed with exit status {result.exit_code}"
    serving = f"{work.before} goes on serving." if work.before else "No service was started."
    lines = "".join(f"\n    {line}" for line in result.log[-20:])
    said = f" It said:{lines}" if lines else ""
    kept = f" The data from before is in the backup {backup}: tenantry restore." if backup else ""
    back = f" or set `template` back to {work.before}" if work.before else ""
    return TaskError(
        f"The migration of {component} to {work.template} {how}. {serving}{said}",
        hint=f"Correct the cause and repeat the same command,{back or ' which runs it again'}.{kept}",
    )


def process_environment() -> dict[str, str]:
    """The variables of this process: those with which plain `pulumi` was started."""
    return dict(os.environ)
