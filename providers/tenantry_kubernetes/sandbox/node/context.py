"""What every pod of the node shares."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.client.requests import Request
from tenantry_kubernetes.sandbox.layout import NODE_NAME
from tenantry_kubernetes.sandbox.node.status import now
from tenantry_vendor.sandbox.ports import free_port, is_free
from tenantry_vendor.sandbox.runner import container_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import aiohttp

    from tenantry_kubernetes.client.aio import AsyncKubernetes
    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.sandbox.layout import Layout

HOST_IP: Final = "127.0.0.1"
POD: Final = BUILT_IN["v1", "Pod"]
_EVENT: Final = BUILT_IN["v1", "Event"]
_MEMORY_SECONDS: Final = 1.0
_log = logging.getLogger("node")


class Ports:
    """Local ports of running containers, so that no two get the same before they listen."""

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def take(self, before: int | None) -> int:
        """A free port, the one from `before` where it is still free. Raises SandboxError where there is none."""
        if before is not None and before not in self._taken and is_free(before):
            port = before
        else:
            port = free_port(avoid=self._taken)
        self._taken.add(port)
        return port

    def hold(self, ports: Iterable[int]) -> None:
        """Marks ports of an adopted container."""
        self._taken.update(ports)

    def release(self, ports: Iterable[int]) -> None:
        """Gives ports back."""
        self._taken.difference_update(ports)


class Addresses:
    """Pod IPs, 10.244.0.0/16: names without a network behind them."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next = 1

    def take(self, before: str | None) -> str:
        """An unused address, the pod's own where it has one."""
        if before:
            self._taken.add(before)
            return before
        while True:
            self._next = self._next % 65533 + 1
            address = f"10.244.{self._next // 256}.{self._next % 256}"
            if address not in self._taken:
                self._taken.add(address)
                return address

    def release(self, address: str) -> None:
        """Gives an address back."""
        self._taken.discard(address)


class MemoryWatch:
    """Looks once a second at the resident memory of the containers that have a limit; does nothing where none has."""

    def __init__(self) -> None:
        self._limits: dict[int, tuple[int, Callable[[], None]]] = {}
        self._wanted = asyncio.Event()

    def add(self, pid: int, limit: int, exceeded: Callable[[], None]) -> None:
        """Calls `exceeded` once when `pid` and what it started hold more than `limit` bytes."""
        self._limits[pid] = (limit, exceeded)
        self._wanted.set()

    def remove(self, pid: int) -> None:
        """Looks no more at this process."""
        self._limits.pop(pid, None)
        if not self._limits:
            self._wanted.clear()

    async def run(self) -> None:
        """Watches for ever."""
        while True:
            await self._wanted.wait()
            for pid, used in container_memory(list(self._limits)).items():
                limit, exceeded = self._limits[pid]
                if used > limit:
                    self.remove(pid)
                    exceeded()
            await asyncio.sleep(_MEMORY_SECONDS)


@dataclass(slots=True, kw_only=True)
class Context:
    """The node's shared parts. Times in seconds."""

    client: AsyncKubernetes
    layout: Layout
    http: aiohttp.ClientSession
    allocatable: Mapping[str, str]
    backoff_base: float
    backoff_cap: float
    ports: Ports = field(default_factory=Ports)
    addresses: Addresses = field(default_factory=Addresses)
    memory: MemoryWatch = field(default_factory=MemoryWatch)

    async def read(self, kind: str, namespace: str, name: str) -> Object | None:
        """An object of the core API; None where there is none. Raises KubernetesError."""
        try:
            return await self.client.get(BUILT_IN["v1", kind], namespace, name)
        except KubernetesError as error:
            if error.not_found:
                return None
            raise

    async def token(self, namespace: str, account: str, audience: str | None, seconds: int) -> str:
        """A new token of a service account."""
        path = BUILT_IN["v1", "ServiceAccount"].path(namespace, account, "token")
        spec: dict[str, Any] = {"expirationSeconds": seconds}
        if audience:
            spec["audiences"] = [audience]
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        answer = await self.client.send(Request(method="POST", path=path, body=json.dumps(body).encode()))
        return str(answer["status"]["token"])

    async def event(self, pod: Object, kind: str, reason: str, message: str) -> None:
        """Tells what happened to a pod; that it cannot be told is no reason to stop."""
        metadata = pod["metadata"]
        _log.log(
            logging.WARNING if kind == "Warning" else logging.INFO,
            "%s/%s: %s: %s",
            metadata["namespace"],
            metadata["name"],
            reason,
            message,
        )
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{metadata['name']}.{secrets.token_hex(8)}",
                "namespace": metadata["namespace"],
            },
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
                "resourceVersion": metadata["resourceVersion"],
            },
            "type": kind,
            "reason": reason,
            "message": message[:1024],
            "source": {"component": "kubelet", "host": NODE_NAME},
            "firstTimestamp": now(),
            "lastTimestamp": now(),
            "count": 1,
        }
        try:
            await self.client.create(_EVENT, metadata["namespace"], body)
        except KubernetesError as error:
            _log.debug("event not written: %s", error.message)
