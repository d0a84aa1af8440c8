"""The gateway's main loop: watches the cluster, routes by what it sees, writes back what it does."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING, Final

from aiohttp import web

from tenantry_kubernetes.client.aio import AsyncKubernetes
from tenantry_kubernetes.client.kubeconfig import load_files
from tenantry_kubernetes.sandbox.gateway.services import ServiceProxy
from tenantry_kubernetes.sandbox.gateway.statuses import wanted_statuses, write_statuses
from tenantry_kubernetes.sandbox.gateway.view import FIELDS, KINDS, Outcome, View
from tenantry_kubernetes.sandbox.health import HEALTH_HOST
from tenantry_vendor.sandbox.authority import Authority
from tenantry_vendor.sandbox.gateway.certificates import Certificates
from tenantry_vendor.sandbox.gateway.listeners import Listeners
from tenantry_vendor.sandbox.gateway.proxy import Proxy
from tenantry_vendor.sandbox.gateway.routing import Table

if TYPE_CHECKING:
    from tenantry_kubernetes.sandbox.layout import Layout

_STOP_SECONDS: Final = 2.0
_log = logging.getLogger("gateway")


class Gateway:
    """Joins the view of the cluster to the proxy."""

    def __init__(self, client: AsyncKubernetes, proxy: Proxy, listeners: Listeners, certificates: Certificates) -> None:
        self.services = ServiceProxy()
        self._client = client
        self._proxy = proxy
        self._listeners = listeners
        self._certificates = certificates
        self._view = View()
        self._unsynced = set(KINDS)
        self._changed = asyncio.Event()
        self._told: set[tuple[object, ...]] = set()
        self._outcome = Outcome()
        self._statuses_due = asyncio.Event()

    async def follow(self, name: str) -> None:
        """Keeps one kind of the view up to date for ever."""
        async for event in self._client.follow(KINDS[name], fields=FIELDS.get(name, "")):
            if event.type == "SYNCED":
                self._unsynced.discard(name)
            elif event.type == "DELETED":
                self._view.drop(name, event.object)
            else:
                self._view.put(name, event.object)
            self._changed.set()

    async def route(self) -> None:
        """Puts every change into effect for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._unsynced:
                continue
            self._outcome = self._view.derive()
            table = Table(self._outcome.rules)
            # Endpoints first: one that is gone must not be asked again while sockets are opened.
            self._proxy.endpoints = self._outcome.endpoints
            self._proxy.table = table
            await self.services.update(self._outcome.services)
            self._certificates.provide(self._outcome.certificates)
            self._tell_conflicts(table)
            self._proxy.addresses = await self._listeners.update(table.hosts)
            self._proxy.ready = True
            self._statuses_due.set()

    async def report(self, ports: tuple[int, int]) -> None:
        """Writes statuses for ever, beside the routing so as not to delay it."""
        while True:
            await self._statuses_due.wait()
            self._statuses_due.clear()
            await write_statuses(self._client, wanted_statuses(self._outcome, self._listeners.addresses, ports))

    def _tell_conflicts(self, table: Table) -> None:
        for conflict in table.conflicts:
            said = (conflict.loser.says, conflict.loser.source, conflict.winner.source)
            if said not in self._told:
                self._told.add(said)
                _log.warning(
                    "%s and %s both route %s%s: the older, %s, is used",
                    conflict.winner.source,
                    conflict.loser.source,
                    conflict.loser.host or "*",
                    conflict.loser.path,
                    conflict.winner.source,
                )


async def run(layout: Layout, http_port: int, https_port: int) -> None:
    """Serves until SIGTERM."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    proxy = Proxy(HEALTH_HOST)
    await proxy.start()
    authority = Authority(layout.gateway_keys, "ca")
    certificates = Certificates(authority, layout.gateway_keys, proxy.knows)
    runner = web.ServerRunner(
        web.Server(proxy.handle, access_log=None, max_line_size=64 * 1024, max_field_size=64 * 1024),
        handler_cancellation=True,
        shutdown_timeout=_STOP_SECONDS,
    )
    await runner.setup()
    listeners = Listeners(runner, http_port, https_port, certificates)
    await listeners.start()
    async with AsyncKubernetes(load_files([layout.component_kubeconfig("gateway")])) as client:
        gateway = Gateway(client, proxy, listeners, certificates)
        tasks = [asyncio.create_task(gateway.follow(name)) for name in KINDS]
        tasks += [
            asyncio.create_task(gateway.route()),
            asyncio.create_task(gateway.report((http_port, https_port))),
        ]
        until = asyncio.create_task(_wait(stopped))
        done, _ = await asyncio.wait([*tasks, until], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await gateway.services.close()
        await runner.cleanup()
        await proxy.close()
        for task in done - {until}:
            task.result()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
