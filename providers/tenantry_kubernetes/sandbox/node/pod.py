"""One pod: its volumes, its containers in order, its status, its end."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from typing import TYPE_CHECKING, Any, Final

from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.sandbox.layout import PORTS_ANNOTATION
from tenantry_kubernetes.sandbox.node import make
from tenantry_kubernetes.sandbox.node.container import Container
from tenantry_kubernetes.sandbox.node.context import HOST_IP, POD
from tenantry_kubernetes.sandbox.node.environment import ConfigError
from tenantry_kubernetes.sandbox.node.pod_files import PodFiles
from tenantry_kubernetes.sandbox.node.references import variable_references
from tenantry_kubernetes.sandbox.node.scratch import remove_scratch
from tenantry_kubernetes.sandbox.node.status import PodState, now, phase, pod_status
from tenantry_vendor.sandbox.files import private_folder

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from pathlib import Path

    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.sandbox.node.context import Context

_RETRY_SECONDS: Final = 2.0
_RETRY_MOST: Final = 30.0
_SETTLE_SECONDS: Final = 2.0
_log = logging.getLogger("node")


class PodWorker:
    """Brings one pod to life and to its end. `pod` is the newest known object."""

    def __init__(self, context: Context, pod: Object) -> None:
        self.context = context
        self.pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.namespace: str = pod["metadata"]["namespace"]
        self.name: str = pod["metadata"]["name"]
        self.folder: Path = private_folder(context.layout.pods / self.uid)
        self._failure: tuple[str, str] | None = None
        status = pod.get("status") or {}
        self._start_time: str = status.get("startTime") or now()
        self._ip = context.addresses.take(status.get("podIP"))
        self._files = PodFiles(context, pod, self.folder, self._ip)
        self._initialized = False
        self._dirty = asyncio.Event()
        self._sent: Object | None = None
        self._deleted = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        policy = pod["spec"].get("restartPolicy") or "Always"
        once = "Never" if policy == "Never" else "OnFailure"
        self.init = [
            Container(self, each, "Always" if each.get("restartPolicy") == "Always" else once)
            for each in pod["spec"].get("initContainers") or []
        ]
        self.containers = [Container(self, each, policy) for each in pod["spec"]["containers"]]
        self._restore(status)
        self.done = asyncio.create_task(self._run())

    @property
    def grace_seconds(self) -> int:
        """How long a container may take to end."""
        return int(self.pod["spec"].get("terminationGracePeriodSeconds") or 0)

    def update(self, pod: Object) -> None:
        """Takes the newer object; a pod that is to be deleted begins to end."""
        self.pod = pod
        if pod["metadata"].get("deletionTimestamp"):
            self._deleted.set()
        # Conditions of others, such as readiness gates, count for ours.
        self.changed()

    def vanished(self) -> None:
        """The object is gone: nothing is left to wait for."""
        self._deleted.set()
        for each in [*self.init, *self.containers]:
            each.kill()

    def changed(self) -> None:
        """The status is to be written again."""
        self._dirty.set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs something beside the pod's own life."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def find(self, container: str) -> Container | None:
        """The container of this name."""
        return next((each for each in [*self.init, *self.containers] if each.name == container), None)

    async def event(self, kind: str, reason: str, message: str) -> None:
        """Writes an event about the pod."""
        await self.context.event(self.pod, kind, reason, message)

    async def read_references(self, container: Object) -> None:
        """Reads the ConfigMaps and Secrets behind a container's variables."""
        await self._files.read(variable_references(container))

    def make(self, container: Container, ports: Mapping[int, int]) -> make.Made:
        """What is to be started for the container. Raises ConfigError and ImageError."""
        return make.make(
            container.spec,
            self._files.sources(self.pod, ports),
            folder=private_folder(container.folder),
            volumes=self._files.volumes,
            layout=self.context.layout,
        )

    async def publish_ports(self) -> None:
        """Writes the local ports of all containers into the pod's annotation."""
        everyone = [*self.init, *self.containers]
        ports = {str(port): local for each in everyone for port, local in each.ports.items()}
        text = json.dumps(ports, sort_keys=True)
        if not ports or (self.pod["metadata"].get("annotations") or {}).get(PORTS_ANNOTATION) == text:
            return
        patch = {"metadata": {"uid": self.uid, "annotations": {PORTS_ANNOTATION: text}}}
        await self.context.client.patch(POD, self.namespace, self.name, patch)

    def mounts(self, kind: str, name: str) -> bool:
        """Whether a volume holds this ConfigMap or Secret."""
        return (kind, name) in self._files.references

    async def refresh_volumes(self) -> None:
        """Brings the volumes up to date with the ConfigMaps and Secrets behind them."""
        try:
            await self._files.materialise(self.pod)
        except (ConfigError, KubernetesError, OSError) as error:
            _log.warning("%s/%s: volumes not refreshed: %s", self.namespace, self.name, error)

    async def _run(self) -> None:
        writer = asyncio.create_task(self._write_statuses())
        life = asyncio.create_task(self._live())
        deleted = asyncio.create_task(self._deleted.wait())
        try:
            await asyncio.wait({life, deleted}, return_when=asyncio.FIRST_COMPLETED)
            if life.done() and not life.cancelled() and (error := life.exception()) is not None:
                _log.error("%s/%s failed", self.namespace, self.name, exc_info=error)
                self._failure = ("NodeError", str(error))
                await self._stop_all(self.grace_seconds)
                self.changed()
            await deleted
            await self._end(life)
        finally:
            for task in (writer, life, deleted):
                task.cancel()
        await self._delete()

    async def _live(self) -> None:
        if phase(self._state()) in {"Succeeded", "Failed"}:
            self.changed()
            return
        self.changed()
        deadline = self.pod["spec"].get("activeDeadlineSeconds")
        try:
            async with asyncio.timeout(float(deadline) if deadline else None):
                await self._live_on()
        except TimeoutError:
            self._failure = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
            await self._stop_all(self.grace_seconds)
        self.changed()

    async def _live_on(self) -> None:
        await self._mount()
        sidecars: list[asyncio.Task[None]] = []
        try:
            for each in self.init:
                if each.spec.get("restartPolicy") == "Always":
                    sidecars.append(asyncio.create_task(each.run()))
                    await each.has_started.wait()
                    continue
                await each.run()
                if each.state.exit_code:
                    return
            self._initialized = True
            self.changed()
            async with asyncio.TaskGroup() as group:
                for each in self.containers:
                    group.create_task(each.run())
            await self._stop_all(self.grace_seconds)
        finally:
            for task in sidecars:
                task.cancel()

    async def _mount(self) -> None:
        wait = _RETRY_SECONDS
        while True:
            try:
                await self._files.materialise(self.pod)
            except (ConfigError, KubernetesError, OSError) as error:
                await self.event("Warning", "FailedMount", str(error))
                await asyncio.sleep(wait)
                wait = min(2 * wait, _RETRY_MOST)
            else:
                return

    def _restore(self, status: Object) -> None:
        for key, containers in (("initContainerStatuses", self.init), ("containerStatuses", self.containers)):
            before = {each["name"]: each for each in status.get(key) or []}
            for each in containers:
                each.restore(before.get(each.name) or {})
        if status.get("phase") == "Failed":
            self._failure = (status.get("reason") or "Failed", status.get("message") or "")

    def _state(self) -> PodState:
        return PodState(
            ip=self._ip,
            host_ip=HOST_IP,
            start_time=self._start_time,
            init=[each.state for each in self.init],
            containers=[each.state for each in self.containers],
            initialized=self._initialized,
            failure=self._failure,
        )

    async def _write_statuses(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                await self._write_status()
            except KubernetesError as error:
                if error.not_found:
                    return
                _log.warning("%s/%s: status not written: %s", self.namespace, self.name, error.message)
                self._dirty.set()
                await asyncio.sleep(1)

    async def _write_status(self) -> None:
        status = pod_status(self.pod, self._state())
        if status == self._sent:
            return
        patch = {"metadata": {"uid": self.uid}, "status": status}
        await self.context.client.patch(POD, self.namespace, self.name, patch, form="strategic", subresource="status")
        self._sent = status

    async def _stop_all(self, seconds: float) -> None:
        async with asyncio.TaskGroup() as group:
            for each in [*self.init, *self.containers]:
                group.create_task(each.stop(seconds))

    async def _end(self, life: asyncio.Task[None]) -> None:
        everyone = [*self.init, *self.containers]
        for each in everyone:
            each.start_no_more()
        grace = self.pod["metadata"].get("deletionGracePeriodSeconds")
        await self._stop_all(float(self.grace_seconds if grace is None else grace))
        if any(each.is_running for each in everyone):
            await asyncio.wait({life}, timeout=_SETTLE_SECONDS)
        life.cancel()
        await asyncio.wait({life})
        for each in everyone:
            await each.stop(0)

    async def _delete(self) -> None:
        self.context.addresses.release(self._ip)
        while True:
            try:
                await self._write_status()
                await self.context.client.delete(POD, self.namespace, self.name, uid=self.uid, grace_seconds=0)
            except KubernetesError as error:
                # A conflict: the name belongs to a successor by now.
                if not error.passing:
                    break
                _log.warning("%s/%s: not yet deleted: %s", self.namespace, self.name, error.message)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                break
        await asyncio.to_thread(remove_scratch, self.uid)
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)
        _log.info("%s/%s is gone", self.namespace, self.name)
