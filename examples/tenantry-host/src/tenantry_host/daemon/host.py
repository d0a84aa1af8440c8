"""Everything that runs on the host, and the orders that change it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from tenantry_vendor.sandbox import logfile
from tenantry_vendor.sandbox.files import private_folder
from tenantry_vendor.sandbox.gateway.proxy import Proxy
from tenantry_vendor.sandbox.gateway.routing import Backend, Rule, Table
from tenantry_vendor.sandbox.process import ProcessRecord, stop_groups

from tenantry_host.daemon.apps import App, Program
from tenantry_host.daemon.errors import RefusedError
from tenantry_host.daemon.runtimes import programs
from tenantry_host.daemon.sites import Site
from tenantry_host.daemon.sources import Sources
from tenantry_host.daemon.store import Key, Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

HEALTH_HOST: Final = "gateway.tenantry.invalid"
"""The Host header under which the gateway answers for itself."""
_TIDY_SECONDS: Final = 60.0
_log = logging.getLogger("host")
Spec = dict[str, Any]


class Host:
    """One host. `routed` is told the hosts that are routed, whenever they change."""

    def __init__(self, folder: Path, routed: Callable[[list[str]], Awaitable[None]]) -> None:
        self.store = Store(folder)
        self.sources = Sources(folder / "sources")
        self.proxy = Proxy(HEALTH_HOST)
        self._folder = folder
        self._routed = routed
        self._running: dict[Key, App | Site] = {}
        self._locks: defaultdict[Key, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._routing = asyncio.Lock()
        self._records = private_folder(folder / "run")

    async def start(self) -> None:
        """Ends what a killed daemon left running, and starts everything that was put."""
        left = [ProcessRecord.read(file) for file in self._records.glob("*.json")]
        await asyncio.to_thread(stop_groups, [record for record in left if record is not None], seconds=1.0)
        for file in self._records.iterdir():
            file.unlink(missing_ok=True)
        await self.proxy.start()
        for key in self.store.entries():
            spec = self.store.get(key)
            if spec is None or key.kind == "routes":
                continue
            try:
                self._running[key] = await self._make(key, spec)
            except RefusedError as error:
                _log.warning("%s cannot be started: %s", key, error.message)
        await self._route()
        self.proxy.ready = True

    async def stop(self) -> None:
        """Ends everything."""
        await asyncio.gather(*(thing.stop() for thing in self._running.values()))
        await self.proxy.close()

    async def tidy(self) -> None:
        """Keeps log files small, and no sources that nothing uses, for ever."""
        while True:
            self._tidy()
            for file in (self._folder / "logs").glob("*/*.log"):
                logfile.bound(file)
            await asyncio.sleep(_TIDY_SECONDS)

    async def put(self, key: Key, spec: Spec) -> None:
        """Makes or changes a thing; the one before serves until the new one answers. Raises RefusedError."""
        async with self._locks[key]:
            if key.kind == "routes":
                self._check_hosts(key, spec)
                self.store.put(key, spec)
                await self._route()
                return
            made = await self._make(key, spec)
            if isinstance(made, App):
                try:
                    await made.ready()
                except BaseException:
                    await made.stop()
                    raise
            self.store.put(key, spec)
            before, self._running[key] = self._running.get(key), made
            self._refresh()
            if before is not None:
                await before.stop()
            self._tidy()

    async def delete(self, key: Key) -> None:
        """Removes a thing with its processes and logs; nothing where it is gone already."""
        async with self._locks[key]:
            self.store.drop(key)
            before = self._running.pop(key, None)
            await self._route()
            if before is not None:
                await before.stop()
            log = self.log_file(key.instance, key.name)
            for file in (log, log.with_name(log.name + ".1")):
                file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                log.parent.rmdir()
            self._tidy()

    def log_file(self, instance: str, name: str) -> Path:
        """Where an app's copies print."""
        return self._folder / "logs" / instance / f"{name}.log"

    async def _make(self, key: Key, spec: Spec) -> App | Site:
        """The thing, started but not in use. Raises RefusedError."""
        root = self.sources.find(str(spec["source"]).removeprefix("sha256:"))
        name = f"{key.instance}/{key.name}"
        if key.kind == "sites":
            site = Site(name, root, str(spec["index"]), spec.get("notFound"), spec["prefixes"])
            if not spec["suspended"]:
                await site.start()
            return site
        log = self.log_file(key.instance, key.name)
        private_folder(log.parent.parent)
        private_folder(log.parent)
        scratch = private_folder(self._folder / "tmp")
        usual = {"PATH": programs(self._folder, str(spec["runtime"])), "LANG": "C.UTF-8", "TMPDIR": str(scratch)}
        program = Program(
            name=name,
            command=tuple(spec["command"]),
            environment={**usual, "PYTHONDONTWRITEBYTECODE": "1", **spec["environment"]},
            folder=root,
            log=log,
            records=self._records,
            health=spec.get("health"),
        )
        app = App(program, 0 if spec["suspended"] else int(spec["copies"]), self._refresh)
        app.begin()
        return app

    def _refresh(self) -> None:
        """Tells the proxy who answers now. A suspended thing has nobody: its URL answers 503."""
        self.proxy.endpoints = {f"{key.instance}/{key.name}": thing.endpoints for key, thing in self._running.items()}

    async def _route(self) -> None:
        async with self._routing:
            self._refresh()
            table = Table(self._rules())
            self.proxy.table = table
            await self._routed(table.hosts)

    def _rules(self) -> Iterator[Rule]:
        for key in self.store.entries():
            spec = self.store.get(key) if key.kind == "routes" else None
            for host in spec["hosts"] if spec else ():
                for route in spec["routes"] if spec else ():
                    backends = (Backend(f"{key.instance}/{route['component']}"),)
                    said = str(key)
                    yield Rule(
                        host=host, path=route["prefix"], exact=False, backends=backends, source=said, age=(said,)
                    )

    def _check_hosts(self, key: Key, spec: Spec) -> None:
        for other in self.store.entries():
            if other.kind != "routes" or other == key:
                continue
            taken = sorted(set(spec["hosts"]) & set((self.store.get(other) or {"hosts": []})["hosts"]))
            if taken:
                raise RefusedError(
                    409, "host_taken", f"{', '.join(taken)} is routed to {other.instance}.", "Choose another domain."
                )

    def _tidy(self) -> None:
        specs = (self.store.get(key) for key in self.store.entries())
        used = {str(spec["source"]).removeprefix("sha256:") for spec in specs if spec and "source" in spec}
        self.sources.keep_only(used)
