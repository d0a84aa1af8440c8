"""The volumes of a pod, and the ConfigMaps and Secrets behind them and behind its variables."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tenantry_kubernetes.sandbox.node import volumes
from tenantry_kubernetes.sandbox.node.context import HOST_IP
from tenantry_kubernetes.sandbox.node.environment import Sources
from tenantry_kubernetes.sandbox.node.provisioner import claimed_folder
from tenantry_kubernetes.sandbox.node.references import token_requests, volume_references
from tenantry_vendor.sandbox.files import private_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.sandbox.node.context import Context


class PodFiles:
    """Files of one pod below `folder`. `volumes` maps the name of each mounted volume to its folder."""

    def __init__(self, context: Context, pod: Object, folder: Path, address: str) -> None:
        self.references = volume_references(pod)
        self.volumes: dict[str, Path] = {}
        self._context = context
        self._namespace: str = pod["metadata"]["namespace"]
        self._folder = folder
        self._address = address
        self._objects: dict[tuple[str, str], Object | None] = {}

    async def read(self, references: set[tuple[str, str]]) -> None:
        """Reads these objects, pairs of kind and name. Raises KubernetesError."""
        for kind, name in references:
            self._objects[kind, name] = await self._context.read(kind, self._namespace, name)

    async def materialise(self, pod: Object) -> None:
        """Makes every volume hold what its sources hold now. Raises ConfigError, KubernetesError and OSError."""
        await self.read(self.references)
        account = pod["spec"].get("serviceAccountName") or "default"
        tokens = {
            (audience, seconds): await self._context.token(self._namespace, account, audience, seconds)
            for audience, seconds in token_requests(pod)
        }
        sources = self.sources(pod, {})
        for volume in pod["spec"].get("volumes") or []:
            if "persistentVolumeClaim" in volume:
                name = volume["persistentVolumeClaim"]["claimName"]
                self.volumes[volume["name"]] = await claimed_folder(self._context, self._namespace, name)
                continue
            files = volumes.volume_files(volume, sources, lambda audience, seconds: tokens[audience, seconds])
            folder = private_folder(self._folder / "volumes") / volume["name"]
            await asyncio.to_thread(volumes.materialise, folder, files)
            self.volumes[volume["name"]] = folder

    def sources(self, pod: Object, ports: Mapping[int, int]) -> Sources:
        """What variables and volumes may refer to, as it was last read."""
        return Sources(
            pod=pod,
            read=lambda kind, name: self._objects.get((kind, name)),
            facts={
                "status.podIP": self._address,
                "status.podIPs": self._address,
                "status.hostIP": HOST_IP,
                "status.hostIPs": HOST_IP,
            },
            ports=ports,
            allocatable=self._context.allocatable,
        )
