"""The probes of one running container and what follows from their verdicts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from tenantry_kubernetes.sandbox.node import probes

if TYPE_CHECKING:
    import aiohttp

    from tenantry_kubernetes.client.requests import Object


class Probed(Protocol):
    """What is told about a container."""

    def on_started(self) -> None:
        """It has started."""
        ...

    async def on_ready(self, failure: str) -> None:
        """It is ready, or no longer so where there is a failure."""
        ...

    async def on_unhealthy(self, kind: str, failure: str, probe: Object) -> None:
        """It must be stopped, so that it is started again."""
        ...


class ContainerProbes:
    """Runs the startup probe first, then readiness and liveness side by side. A missing probe holds."""

    def __init__(self, spec: Object, target: probes.Target, http: aiohttp.ClientSession, told: Probed) -> None:
        self._spec = spec
        self._target = target
        self._http = http
        self._told = told
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        """Starts probing; what needs no probe is told at once."""
        if "startupProbe" in self._spec:
            self._watch("startupProbe", self._on_startup)
        else:
            await self._after_startup()

    def stop(self) -> None:
        """Ends every probe."""
        for task in list(self._tasks):
            task.cancel()

    async def _after_startup(self) -> None:
        self._told.on_started()
        if "readinessProbe" in self._spec:
            self._watch("readinessProbe", self._on_readiness)
        else:
            await self._told.on_ready("")
        if "livenessProbe" in self._spec:
            self._watch("livenessProbe", self._on_liveness)

    def _watch(self, name: str, verdict: probes.Verdict) -> None:
        task = asyncio.create_task(probes.watch(self._spec[name], self._target, self._http, verdict))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _on_startup(self, failure: str) -> bool:
        if failure:
            await self._told.on_unhealthy("Startup", failure, self._spec["startupProbe"])
        else:
            await self._after_startup()
        return False

    async def _on_readiness(self, failure: str) -> bool:
        await self._told.on_ready(failure)
        return True

    async def _on_liveness(self, failure: str) -> bool:
        if failure:
            await self._told.on_unhealthy("Liveness", failure, self._spec["livenessProbe"])
        return not failure
