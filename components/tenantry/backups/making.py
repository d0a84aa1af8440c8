"""Makes a backup: taken up again after a kill, complete or not there at all."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import shutil
from typing import TYPE_CHECKING

from tenantry.backups.manifest import ID, Manifest
from tenantry.backups.store import MANIFEST, PARTIAL, describe, write_private
from tenantry.contract.backups import DataRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tenantry.backups.store import BackupStore
    from tenantry.contract.backups import Backups, DataRef
    from tenantry.contract.tasks import InstanceRef

BY_HAND = "by hand"


def make_backup(
    adapter: Backups,
    store: BackupStore,
    *,
    instance: InstanceRef,
    data: Sequence[DataRef],
    template: str,
    purpose: str,
    environment: Mapping[str, str],
    progress: Callable[[str], None],
) -> Manifest:
    """A finished backup of these components.

    What an attempt left that was killed is used again: contents of buckets are not read twice. The caller holds the
    instance's lock where the adapter has one. Raises TaskError, VendorError.
    """
    with store.claimed(instance.instance) as parent:
        folder = _begun(parent)
        for item in data:
            progress(f"{instance.instance}: backing up {item.component}")
            place = folder / item.component
            place.mkdir(mode=0o700, exist_ok=True)
            adapter.save(DataRequest(instance=instance, data=item, folder=place), environment, progress)
        for path in folder.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        _leave_only(folder, {item.component for item in data})
        manifest = Manifest(
            id=folder.name.removesuffix(PARTIAL),
            created=dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            tenant=instance.tenant,
            instance=instance.instance,
            runtime=instance.runtime,
            mode=instance.mode,
            template=template,
            purpose=purpose,
            data=tuple(data),
            files=tuple(describe(folder, path) for path in sorted(folder.rglob("*")) if path.is_file()),
        )
        write_private(folder / MANIFEST, json.dumps(manifest.to_json(), indent=1).encode() + b"\n")
        folder.rename(parent / manifest.id)
        store.prune(instance.instance)
    return manifest


def _begun(parent: Path) -> Path:
    """The folder of an attempt: the newest that was killed, else a new one."""
    left = sorted(path for path in parent.glob(f"*{PARTIAL}") if ID.fullmatch(path.name.removesuffix(PARTIAL)))
    for path in left[:-1]:
        shutil.rmtree(path)
    now = dt.datetime.now(dt.UTC)
    # Ids sort by time, also within a second.
    stamp = f"{now:%Y%m%dT%H%M%SZ}-{now.microsecond:05x}{secrets.token_hex(1)[0]}"
    folder = parent / f"{stamp}{PARTIAL}"
    if left:
        # Its id says when the backup was made, not when the first attempt began.
        left[-1].rename(folder)
        (folder / MANIFEST).unlink(missing_ok=True)
    else:
        folder.mkdir(mode=0o700)
    return folder


def _leave_only(folder: Path, components: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in components:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
