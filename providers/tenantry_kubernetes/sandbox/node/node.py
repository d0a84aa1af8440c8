"""The node's main loop: follows the pods that the scheduler gives to it."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
from typing import TYPE_CHECKING, Final

import aiohttp

from tenantry_kubernetes.client.aio import AsyncKubernetes
from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.client.kubeconfig import load_files
from tenantry_kubernetes.sandbox.layout import DAEMONS, NODE_NAME
from tenantry_kubernetes.sandbox.node import log_server, register
from tenantry_kubernetes.sandbox.node.context import POD, Context
from tenantry_kubernetes.sandbox.node.pod import PodWorker
from tenantry_kubernetes.sandbox.node.provisioner import Provisioner
from tenantry_kubernetes.sandbox.node.scratch import remove_scratch
from tenantry_vendor.sandbox import logfile
from tenantry_vendor.sandbox.daemon import DaemonFolder
from tenantry_vendor.sandbox.files import private_folder
from tenantry_vendor.sandbox.process import ProcessRecord, stop_groups

if TYPE_CHECKING:
    from tenantry_kubernetes.client.events import Event
    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.sandbox.layout import Layout

_HOUSEKEEPING_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 5.0
_log = logging.getLogger("node")


class Node:
    """All pods of the node, by UID."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._workers: dict[str, PodWorker] = {}
        self._early: dict[str, Object] = {}
        # Ended by us; what the watch still tells of them is old.
        self._ended: set[str] = set()
        self._synced = False

    def find(self, namespace: str, name: str) -> PodWorker | None:
        """The pod of this name."""
        found = [each for each in self._workers.values() if (each.namespace, each.name) == (namespace, name)]
        return found[-1] if found else None

    async def follow_pods(self) -> None:
        """Starts, updates and ends pods for ever."""
        fields = f"spec.nodeName={NODE_NAME}"
        async for event in self._context.client.follow(POD, fields=fields):
            await self._on_pod(event)

    async def follow_objects(self, kind: str) -> None:
        """Refreshes the volumes of pods when a ConfigMap or Secret behind them changes."""
        async for event in self._context.client.follow(BUILT_IN["v1", kind]):
            if event.type != "MODIFIED":
                continue
            metadata = event.object["metadata"]
            for worker in self._workers.values():
                if worker.namespace == metadata["namespace"] and worker.mounts(kind, metadata["name"]):
                    worker.spawn(worker.refresh_volumes())

    async def keep_house(self) -> None:
        """Bounds the logs of containers and of the sandbox's own processes."""
        daemons = DaemonFolder(self._context.layout.folder)
        while True:
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)
            for name in DAEMONS:
                logfile.bound(daemons.log_file(name))
            for worker in self._workers.values():
                for container in [*worker.init, *worker.containers]:
                    logfile.bound(container.log)

    async def _on_pod(self, event: Event) -> None:
        if event.type == "SYNCED":
            if not self._synced:
                self._synced = True
                await self._remove_strangers()
                for pod in self._early.values():
                    self._begin(pod)
                self._early.clear()
            return
        uid = event.object["metadata"]["uid"]
        if not self._synced:
            # A pod may only get an address once those of all others are known.
            self._early[uid] = event.object
        elif event.type == "DELETED":
            self._ended.discard(uid)
            if uid in self._workers:
                self._workers[uid].vanished()
        elif uid in self._workers:
            self._workers[uid].update(event.object)
        elif uid not in self._ended:
            self._begin(event.object)

    def _begin(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        worker = PodWorker(self._context, pod)
        self._workers[uid] = worker
        worker.done.add_done_callback(lambda done: self._finished(uid, done))
        if pod["metadata"].get("deletionTimestamp"):
            worker.update(pod)

    def _finished(self, uid: str, done: asyncio.Task[None]) -> None:
        del self._workers[uid]
        self._ended.add(uid)
        if not done.cancelled() and (error := done.exception()) is not None:
            _log.error("pod %s", uid, exc_info=error)

    async def _remove_strangers(self) -> None:
        """Ends what was left of pods that were deleted while no node was looking; keeps the addresses of the others."""
        for pod in self._early.values():
            address = (pod.get("status") or {}).get("podIP")
            if address:
                self._context.addresses.take(address)
        folders = [path for path in self._context.layout.pods.iterdir() if path.name not in self._early]
        recorded = [ProcessRecord.read(file) for path in folders for file in path.glob("containers/*/process.json")]
        records = [record for record in recorded if record is not None]
        if records:
            await asyncio.to_thread(stop_groups, records, seconds=_STOP_SECONDS)
        for path in folders:
            await asyncio.to_thread(remove_scratch, path.name)
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)


async def run(layout: Layout, port: int) -> None:
    """Plays the node until SIGTERM. Containers go on running then, for the next node to take over."""
    private_folder(layout.pods)
    private_folder(layout.images)
    private_folder(layout.volumes)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    access = load_files([layout.component_kubeconfig("node")])
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with (
        AsyncKubernetes(access) as client,
        aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        context = Context(
            client=client,
            layout=layout,
            http=http,
            allocatable=register.CAPACITY,
            backoff_base=float(os.environ.get("TENANTRY_SANDBOX_BACKOFF_SECONDS", "1")),
            backoff_cap=float(os.environ.get("TENANTRY_SANDBOX_BACKOFF_MOST_SECONDS", "60")),
        )
        node = Node(context)
        server = await log_server.serve(layout, port, node.find)
        await register.register(client, port)
        provisioner = Provisioner(context)
        loops = [
            node.follow_pods(),
            node.follow_objects("ConfigMap"),
            node.follow_objects("Secret"),
            provisioner.follow_claims(),
            provisioner.follow_volumes(),
            node.keep_house(),
            register.keep_alive(client),
            context.memory.run(),
        ]
        tasks = [asyncio.create_task(each) for each in loops]
        until = asyncio.create_task(_wait(stopped))
        done, _ = await asyncio.wait([*tasks, until], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await server.cleanup()
        for task in done - {until}:
            task.result()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
