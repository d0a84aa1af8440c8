"""Puts a backup back, into its own instance or into another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.contract.backups import DataRequest
from tenantry.errors import TaskError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tenantry.backups.manifest import Manifest
    from tenantry.backups.store import BackupStore
    from tenantry.contract.backups import Backups, DataRef
    from tenantry.contract.tasks import InstanceRef


def put_back(
    adapter: Backups,
    store: BackupStore,
    manifest: Manifest,
    *,
    instance: InstanceRef,
    data: Sequence[DataRef],
    template: str,
    environment: Mapping[str, str],
    progress: Callable[[str], None],
) -> None:
    """Replaces the data of an instance by a backup, which is verified first.

    Args:
        adapter: the runtime of `instance`; it need not be the one that the backup comes from.
        store: where the backup lies.
        manifest: which one.
        instance: whose data is replaced.
        data: the components of that instance that hold data.
        template: the version that the instance runs, `name@version`.
        environment: the credentials' variables.
        progress: told what is done.

    Raises:
        TaskError: it is damaged, or does not fit the instance; then nothing was changed.
        VendorError: see `Backups.load`.
    """
    _check_fit(manifest, instance, data, template)
    progress(f"{instance.instance}: checking the backup {manifest.id}")
    folder = store.verify(manifest)
    there = {item.component: item for item in data}
    for item in manifest.data:
        progress(f"{instance.instance}: restoring {item.component}")
        request = DataRequest(instance=instance, data=there[item.component], folder=folder / item.component)
        adapter.load(request, environment, progress)


def _check_fit(manifest: Manifest, instance: InstanceRef, data: Sequence[DataRef], template: str) -> None:
    if manifest.template != template:
        raise TaskError(
            f"The backup {manifest.id} was made of {manifest.template}, and {instance.instance} runs {template}. "
            "Nothing was changed.",
            hint=f"Restore it into an instance of {manifest.template}, then upgrade that one.",
        )
    if manifest.tenant != instance.tenant:
        raise TaskError(
            f"The backup {manifest.id} holds data of the tenant {manifest.tenant!r}, and {instance.instance} belongs "
            f"to {instance.tenant!r}. Nothing was changed.",
            hint="Restore it into an instance of the same tenant.",
        )
    there = {item.component: item for item in data}
    for item in manifest.data:
        found = there.get(item.component)
        if found is None or (found.kind, found.engine) != (item.kind, item.engine):
            raise TaskError(
                f"{instance.instance} has no {item.engine or item.kind} {item.component!r} for the backup "
                f"{manifest.id}. Nothing was changed.",
                hint="Restore it into an instance of the same template version with the same components.",
            )
        if _major(found.version) < _major(item.version):
            raise TaskError(
                f"{item.component} of the backup has {item.engine} {item.version}, that of {instance.instance} "
                f"{found.version}, which is older. Nothing was changed.",
                hint="A newer engine takes the data of an older one, never the reverse.",
            )


def _major(version: str) -> int:
    number = version.partition(".")[0]
    return int(number) if number.isdigit() else 0
