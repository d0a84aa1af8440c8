"""Backups of a deployed instance's data, made and put back by its runtime's adapter."""

from __future__ import annotations

import contextlib
import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenantry.errors import CapabilityError, TaskError
from tenantry_ops.environment import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from tenantry.backups import BackupStore, Manifest
    from tenantry.contract.backups import Backups, DataRef
    from tenantry.contract.tasks import InstanceRef
    from tenantry_ops.project import Project

_MIGRATION: Final = "tenantry:index:Migration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One instance's data and what reaches it. `template`: the version that the data is at, `name@version`."""

    adapter: Backups
    instance: InstanceRef
    data: tuple[DataRef, ...]
    template: str
    environment: dict[str, str]
    store: BackupStore

    @classmethod
    def of(cls, project: Project, name: str) -> Place:
        """Raises EngineError where it was never deployed, CapabilityError where it has no data or cannot be copied."""
        from tenantry import registry
        from tenantry.contract.backups import Backups, DataRef
        from tenantry.contract.tasks import InstanceRef
        from tenantry_ops.loading import load

        variables = os.environ | environment(project, name)
        plan = load(project, name).plan
        adapter = registry.runtime(plan.runtime.on)
        if not isinstance(adapter, Backups):
            raise CapabilityError(
                f"The runtime {plan.runtime.on!r} cannot copy data.", hint="Use the vendor's own console."
            )
        migration = _migration(project, name)
        # What somebody else keeps is not among it.
        data = tuple(DataRef(**item) for item in migration["data"])
        if not data:
            raise CapabilityError(
                f"{name} keeps no database and no bucket of its own.", hint="There is nothing to back up or to restore."
            )
        return cls(
            adapter=adapter,
            instance=InstanceRef.of(plan),
            data=data,
            template=str(migration["template"]),
            environment=dict(variables),
            store=store(project, variables),
        )

    def held(self, purpose: str) -> AbstractContextManager[None]:
        """The instance's lock, where the adapter has one."""
        from tenantry.contract.tasks import Locks

        adapter: object = self.adapter
        if isinstance(adapter, Locks):
            return adapter.hold(self.instance, f"{purpose}-{uuid.uuid4().hex}", purpose, self.environment)
        return contextlib.nullcontext()


def store(project: Project, variables: Mapping[str, str] | None = None) -> BackupStore:
    """Where the project's backups lie."""
    from tenantry.backups import BackupStore

    return BackupStore.of({**(os.environ if variables is None else variables), "TENANTRY_ROOT": str(project.root)})


def back_up(project: Project, instance: str, progress: Callable[[str], None]) -> Manifest:
    """A finished backup of everything that an instance keeps. Raises what `Place.of` raises, TaskError, VendorError."""
    from tenantry.backups import make_backup
    from tenantry.backups.making import BY_HAND

    place = Place.of(project, instance)
    with place.held("a backup"):
        return make_backup(
            place.adapter,
            place.store,
            instance=place.instance,
            data=place.data,
            template=place.template,
            purpose=BY_HAND,
            environment=place.environment,
            progress=progress,
        )


def restore(project: Project, instance: str, backup: str, progress: Callable[[str], None]) -> Manifest:
    """Replaces an instance's data by a backup, which is verified first.

    Args:
        project: where the instance is.
        instance: whose data is replaced.
        backup: `<instance>/<id>`, or `<id>` or `latest` for one of its own.
        progress: told what is done.

    Raises what `Place.of` raises; TaskError where the backup is damaged or does not fit, VendorError.
    """
    from tenantry.backups import put_back

    place = Place.of(project, instance)
    manifest = place.store.find(backup, instance)
    with place.held("a restore"):
        put_back(
            place.adapter,
            place.store,
            manifest,
            instance=place.instance,
            data=place.data,
            template=place.template,
            environment=place.environment,
            progress=progress,
        )
    return manifest


def _migration(project: Project, instance: str) -> Mapping[str, Any]:
    """What the last successful deployment says of the instance's data: `template` and `data`."""
    from tenantry_ops.engine.deployed import read_resources
    from tenantry_ops.engine.stack import never_deployed

    resources = read_resources(project, instance)
    if resources is None:
        raise never_deployed(instance)
    for resource in resources:
        if resource.type == _MIGRATION:
            return resource.outputs
    raise TaskError(
        f"{instance} was deployed by an earlier version of Tenantry, or its first deployment failed.",
        hint=f"Deploy it again: tenantry up {instance}",
    )
