"""The Node object: made once, kept alive by its lease."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.sandbox.layout import NODE_NAME
from tenantry_kubernetes.sandbox.node.context import HOST_IP
from tenantry_kubernetes.sandbox.node.status import now

if TYPE_CHECKING:
    from tenantry_kubernetes.client.aio import AsyncKubernetes
    from tenantry_kubernetes.client.requests import Object

_NODE: Final = BUILT_IN["v1", "Node"]
_LEASE: Final = BUILT_IN["coordination.k8s.io/v1", "Lease"]
_LEASES: Final = "kube-node-lease"
_LEASE_SECONDS: Final = 40
_RENEW_SECONDS: Final = 10.0
_STATUS_SECONDS: Final = 300.0
_MACHINES: Final = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_log = logging.getLogger("node")

# More than the machine has: requests decide whether a pod is scheduled, and a sandbox that could not hold a few idle
# tenants would be of no use. Documented as what the sandbox does not prove.
CAPACITY: Final = {"cpu": "256", "memory": "1Ti", "pods": "1000", "ephemeral-storage": "1Ti"}


async def register(client: AsyncKubernetes, port: int) -> None:
    """Creates the Node or brings it up to date, ready, with what it can hold."""
    architecture = _MACHINES.get(platform.machine(), platform.machine())
    labels = {
        "kubernetes.io/hostname": NODE_NAME,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": architecture,
        "topology.kubernetes.io/region": "local",
        "topology.kubernetes.io/zone": "local",
    }
    node: Object = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE_NAME, "labels": labels}}
    try:
        await client.create(_NODE, None, node)
    except KubernetesError as error:
        if not error.already_exists:
            raise
    await client.patch(_NODE, None, NODE_NAME, {"metadata": {"labels": labels}})
    version = str((await client.version())["gitVersion"])
    status: Object = {
        "capacity": CAPACITY,
        "allocatable": CAPACITY,
        "addresses": [{"type": "InternalIP", "address": HOST_IP}, {"type": "Hostname", "address": NODE_NAME}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "nodeInfo": {
            "architecture": architecture,
            "bootID": "",
            "containerRuntimeVersion": "process://1",
            "kernelVersion": platform.release(),
            "kubeProxyVersion": "",
            "kubeletVersion": version,
            "machineID": "",
            "operatingSystem": "linux",
            "osImage": "Tenantry sandbox: local processes",
            "systemUUID": "",
        },
        "conditions": _conditions(),
    }
    await client.patch(_NODE, None, NODE_NAME, {"status": status}, form="strategic", subresource="status")
    # So that the first pods need not wait for the controller that takes this taint away.
    await client.patch(_NODE, None, NODE_NAME, {"spec": {"taints": None, "podCIDR": "10.244.0.0/16"}})
    await renew(client)


async def keep_alive(client: AsyncKubernetes) -> None:
    """Renews the lease every ten seconds and the conditions every five minutes, as a kubelet does."""
    since = 0.0
    while True:
        await asyncio.sleep(_RENEW_SECONDS)
        since += _RENEW_SECONDS
        try:
            await renew(client)
            if since >= _STATUS_SECONDS:
                since = 0.0
                patch = {"status": {"conditions": _conditions()}}
                await client.patch(_NODE, None, NODE_NAME, patch, form="strategic", subresource="status")
        except KubernetesError as error:
            _log.warning("lease not renewed: %s", error.message)


async def renew(client: AsyncKubernetes) -> None:
    """Writes the node's lease."""
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": NODE_NAME, "namespace": _LEASES},
        "spec": {
            "holderIdentity": f"{NODE_NAME}-{os.getpid()}",
            "leaseDurationSeconds": _LEASE_SECONDS,
            "renewTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        },
    }
    await client.apply(_LEASE, _LEASES, NODE_NAME, lease, manager="tenantry-node", force=True)


def _conditions() -> list[dict[str, Any]]:
    pressures = ("MemoryPressure", "DiskPressure", "PIDPressure")
    heartbeat = now()
    conditions = [
        {
            "type": kind,
            "status": "False",
            "lastHeartbeatTime": heartbeat,
            "reason": "NotMeasured",
            "message": "the sandbox does not measure it",
        }
        for kind in pressures
    ]
    ready = {
        "type": "Ready",
        "status": "True",
        "lastHeartbeatTime": heartbeat,
        "reason": "NodeReady",
        "message": "the sandbox's node runs containers as local processes",
    }
    return [*conditions, ready]
