"""The provisioner of the default StorageClass: each PersistentVolume is a folder of the sandbox."""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.sandbox.layout import PROVISIONER
from tenantry_kubernetes.sandbox.node.environment import ConfigError
from tenantry_kubernetes.sandbox.node.quantity import parse_quantity
from tenantry_vendor.sandbox.files import private_folder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.sandbox.node.context import Context

CLAIM: Final = BUILT_IN["v1", "PersistentVolumeClaim"]
VOLUME: Final = BUILT_IN["v1", "PersistentVolume"]
_ASKED: Final = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")
_MADE_BY: Final = "pv.kubernetes.io/provisioned-by"
_RETRY_SECONDS: Final = 2.0
_log = logging.getLogger("node")


async def claimed_folder(context: Context, namespace: str, name: str) -> Path:
    """The folder behind a PersistentVolumeClaim. Raises ConfigError where it has none yet, and KubernetesError."""
    claim = await context.read("PersistentVolumeClaim", namespace, name)
    if claim is None:
        raise ConfigError(f'persistentvolumeclaim "{name}" not found')
    bound = claim["spec"].get("volumeName")
    if not bound or (claim.get("status") or {}).get("phase") != "Bound":
        raise ConfigError(f'persistentvolumeclaim "{name}" is not bound')
    volume = await context.client.get(VOLUME, None, bound)
    place = Path((volume["spec"].get("hostPath") or {}).get("path") or "/")
    if place.parent != context.layout.volumes:
        raise ConfigError(f'persistentvolumeclaim "{name}" is bound to {bound}, which is not a volume of the sandbox')
    if not await asyncio.to_thread(place.is_dir):
        # Never made anew in silence: whoever expects data there must hear that they are gone.
        raise ConfigError(f"the folder {place} of persistentvolumeclaim {name!r} is gone")
    return place


class Provisioner:
    """Makes, grows and removes volumes as claims ask for them."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def follow_claims(self) -> None:
        """Gives every new claim its volume, for ever."""
        async for event in self._context.client.follow(CLAIM):
            if event.type in {"ADDED", "MODIFIED"} and not event.object["metadata"].get("deletionTimestamp"):
                await self._patiently(event.object, self._on_claim)

    async def follow_volumes(self) -> None:
        """Removes the volumes of claims that are gone, for ever."""
        async for event in self._context.client.follow(VOLUME):
            if event.type in {"ADDED", "MODIFIED"}:
                await self._patiently(event.object, self._on_volume)

    async def _patiently(self, each: Object, act: Callable[[Object], Awaitable[None]]) -> None:
        while True:
            try:
                await act(each)
            except KubernetesError as error:
                if not error.passing:
                    if not error.not_found:
                        _log.warning("%s %s: %s", each["kind"], each["metadata"]["name"], error.message)
                    return
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def _on_claim(self, claim: Object) -> None:
        metadata, spec = claim["metadata"], claim["spec"]
        annotations = metadata.get("annotations") or {}
        if PROVISIONER not in (annotations.get(name) for name in _ASKED):
            return
        wanted = spec["resources"]["requests"]["storage"]
        if spec.get("volumeName"):
            await self._grow(claim, str(wanted))
            return
        name = f"pvc-{metadata['uid']}"
        private_folder(self._context.layout.volumes)
        folder = private_folder(self._context.layout.volumes / name)
        volume: Object = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name, "annotations": {_MADE_BY: PROVISIONER}},
            "spec": {
                "capacity": {"storage": wanted},
                "accessModes": spec.get("accessModes") or ["ReadWriteOnce"],
                "storageClassName": spec.get("storageClassName") or "",
                "persistentVolumeReclaimPolicy": "Delete",
                "volumeMode": spec.get("volumeMode") or "Filesystem",
                "hostPath": {"path": str(folder), "type": "Directory"},
                "claimRef": {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "namespace": metadata["namespace"],
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                },
            },
        }
        try:
            await self._context.client.create(VOLUME, None, volume)
        except KubernetesError as error:
            if not error.already_exists:
                raise
        else:
            _log.info("volume %s for %s/%s", name, metadata["namespace"], metadata["name"])

    async def _grow(self, claim: Object, wanted: str) -> None:
        """A claim that asks for more gets it: a folder has no size of its own."""
        metadata, status = claim["metadata"], claim.get("status") or {}
        has = (status.get("capacity") or {}).get("storage")
        if has is None or parse_quantity(wanted) <= parse_quantity(str(has)):
            return
        capacity = {"capacity": {"storage": wanted}}
        await self._context.client.patch(VOLUME, None, claim["spec"]["volumeName"], {"spec": capacity})
        body = {"metadata": {"uid": metadata["uid"]}, "status": capacity | {"conditions": None}}
        await self._context.client.patch(CLAIM, metadata["namespace"], metadata["name"], body, subresource="status")

    async def _on_volume(self, volume: Object) -> None:
        metadata, spec = volume["metadata"], volume["spec"]
        if (metadata.get("annotations") or {}).get(_MADE_BY) != PROVISIONER or metadata.get("deletionTimestamp"):
            return
        released = (volume.get("status") or {}).get("phase") == "Released"
        if not released or spec.get("persistentVolumeReclaimPolicy") != "Delete":
            return
        folder = self._context.layout.volumes / metadata["name"]
        # Read anew: what a watch tells may be old, and data do not come back.
        current = await self._context.client.get(VOLUME, None, metadata["name"])
        if (current.get("status") or {}).get("phase") != "Released":
            return
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        await self._context.client.delete(VOLUME, None, metadata["name"], uid=metadata["uid"])
        _log.info("volume %s is gone", metadata["name"])
