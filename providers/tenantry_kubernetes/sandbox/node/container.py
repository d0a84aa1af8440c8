"""One container of a pod: started, probed, started again, stopped."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from tenantry.errors import SandboxError
from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.sandbox.node import probes
from tenantry_kubernetes.sandbox.node.backoff import Backoff
from tenantry_kubernetes.sandbox.node.container_probes import ContainerProbes
from tenantry_kubernetes.sandbox.node.environment import ConfigError
from tenantry_kubernetes.sandbox.node.images import ImageError
from tenantry_kubernetes.sandbox.node.probes import port_target
from tenantry_kubernetes.sandbox.node.quantity import parse_quantity
from tenantry_kubernetes.sandbox.node.status import ContainerState, now, terminated
from tenantry_vendor.sandbox import logfile
from tenantry_vendor.sandbox.launcher import START_ERROR
from tenantry_vendor.sandbox.process import ProcessRecord, launch_failure
from tenantry_vendor.sandbox.runner import LocalProcess

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.sandbox.node.pod import PodWorker
    from tenantry_kubernetes.sandbox.node.probes import Target

_OOM_EXIT: Final = 137
_UNKNOWN_EXIT: Final = 137
_KEPT_LOGS: Final = 2
_RETRY_SECONDS: Final = 5.0
_DRAIN_SECONDS: Final = 0.5
_MESSAGE_LINES: Final = 80
_MESSAGE_CHARACTERS: Final = 2048
_log = logging.getLogger("node")


def _shortened(hook: Object | None) -> Object | None:
    """A hook that only sleeps gives proxies time to hear of the end: those of the sandbox hear at once."""
    if hook is None or "sleep" not in hook:
        return hook
    return {"sleep": {"seconds": min(float(hook["sleep"]["seconds"]), _DRAIN_SECONDS)}}


class Container:
    """Runs one container of a pod until it is finished for good. `restart`: Always, OnFailure or Never."""

    def __init__(self, worker: PodWorker, spec: Object, restart: str) -> None:
        self.spec = spec
        self.name: str = spec["name"]
        self._worker = worker
        self._context = worker.context
        self._restart = restart
        self.folder: Path = worker.folder / "containers" / self.name
        self.state = ContainerState(name=self.name, image=spec["image"], container_id=self._id(0))
        self.ports: dict[int, int] = {}
        self._process: LocalProcess | None = None
        self._adopted: LocalProcess | None = None
        self._target = port_target(spec, {})
        self._backoff = Backoff(self._context.backoff_base, self._context.backoff_cap)
        self._killed: tuple[str, int] | None = None
        self._begun = 0.0
        self._probes: ContainerProbes | None = None
        self.has_started = asyncio.Event()

    def restore(self, before: Object) -> None:
        """Takes over what an earlier node wrote into the pod's status."""
        state = before.get("state") or {}
        self.state.restarts = int(before.get("restartCount") or 0)
        self.state.last = before.get("lastState") or {}
        if "running" in state:
            self.state.state = state
            # Ready until a probe says otherwise: a node that starts anew is no reason to take it out of service.
            self.state.ready, self.state.started = bool(before.get("ready")), bool(before.get("started"))
        elif "terminated" in state and not self._restarts_after(int(state["terminated"].get("exitCode") or 0)):
            self.state.state = state
            self.state.finished = True
        elif "terminated" in state:
            self.state.last = state
            self.state.restarts += 1
        elif self.state.last:
            # It waited to be started again.
            self.state.restarts += 1
        record = ProcessRecord.read(self.folder / "process.json")
        if record is not None and record.extra.get("container") == self.name:
            self.ports = {int(port): int(local) for port, local in record.extra["ports"].items()}
            self.state.restarts = max(self.state.restarts, int(record.extra["attempt"]))
            # From here on it can be stopped, even if the pod is never brought to life again.
            self._process = self._adopted = LocalProcess.adopt(record)

    async def run(self) -> None:
        """Runs the container, again and again as its restart policy says; returns when it is finished."""
        unseen = self._ended_unseen()
        while not self.state.finished:
            code = await self._run_once() if unseen is None else unseen
            unseen = None
            if not self._restarts_after(code):
                self.state.finished = True
                self._worker.changed()
                return
            await self._wait_for_restart(self._backoff.after_run(time.monotonic() - self._begun))
            self.state.restarts += 1

    async def stop(self, seconds: float) -> None:
        """Stops the container: its hook first, then the signals, all within `seconds`."""
        process = self._process
        if process is None or process.ended:
            return
        deadline = time.monotonic() + seconds
        hook = _shortened((self.spec.get("lifecycle") or {}).get("preStop"))
        if hook and seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    failure = await probes.act(hook, self._target, self._context.http)
                if failure:
                    await self._worker.event("Warning", "FailedPreStopHook", failure)
            except TimeoutError:
                pass
        if self._probes is not None:
            self._probes.stop()
        await process.stop(max(0.0, deadline - time.monotonic()))

    def start_no_more(self) -> None:
        """However the container ends now, it has ended for good."""
        self._restart = "Never"

    @property
    def is_running(self) -> bool:
        """Whether its end is not yet in its state."""
        return "running" in self.state.state

    @property
    def target(self) -> Target:
        """What probes and commands in the container act on."""
        return self._target

    def kill(self) -> None:
        """Ends the container at once."""
        if self._process is not None:
            self._process.kill()

    @property
    def log(self) -> Path:
        """What the current or last run prints."""
        return self.folder / f"{self.state.restarts}.log"

    @property
    def previous_log(self) -> Path:
        """What the run before printed."""
        return self.folder / f"{self.state.restarts - 1}.log"

    @property
    def _where(self) -> str:
        return f"{self._worker.namespace}/{self._worker.name} {self.name}"

    def _id(self, attempt: int) -> str:
        return f"process://{self._worker.uid}/{self.name}/{attempt}"

    def _restarts_after(self, code: int) -> bool:
        return self._restart == "Always" or (self._restart == "OnFailure" and code != 0)

    async def _run_once(self) -> int:
        process = await self._take_over() or await self._start()
        self._process = process
        self._begun = time.monotonic()
        self._killed = None
        self.state.container_id = self._id(self.state.restarts)
        _log.info("%s runs as process %d", self._where, process.record.pid)
        self.state.state = {"running": {"startedAt": process.record.started}}
        self._context.ports.hold(self.ports.values())
        self._limit_memory(process)
        self._worker.changed()
        self._probes = ContainerProbes(self.spec, self._target, self._context.http, self)
        try:
            await self._probes.begin()
            code = await process.wait()
        finally:
            self._probes.stop()
            self._context.memory.remove(process.record.pid)
            self._context.ports.release(self.ports.values())
        self.state.ready = self.state.started = False
        return self._ended(process, code)

    async def _take_over(self) -> LocalProcess | None:
        """The process that an earlier node started for this container, where it still runs."""
        process, self._adopted = self._adopted, None
        if process is not None:
            self._target = port_target(self.spec, self.ports)
            try:
                await self._worker.read_references(self.spec)
                self._target = (await asyncio.to_thread(self._worker.make, self, self.ports)).target
            except (ConfigError, ImageError, KubernetesError) as error:
                # It runs well enough; only commands of probes would lack their environment.
                _log.warning("%s goes on, though it could not be made anew: %s", self._where, error)
        return process

    async def _start(self) -> LocalProcess:
        failures = 0
        while True:
            try:
                return await self._try_start()
            except ImageError as error:
                reason, message = "ErrImagePull" if failures == 0 else "ImagePullBackOff", str(error)
            except ConfigError as error:
                reason, message = "CreateContainerConfigError", str(error)
            except (KubernetesError, SandboxError, OSError) as error:
                reason, message = "CreateContainerError", str(error)
            if self.state.state.get("waiting", {}).get("reason") != reason:
                await self._worker.event("Warning", "Failed", f"{reason}: {message}")
            self.state.state = {"waiting": {"reason": reason, "message": message}}
            self._worker.changed()
            failures += 1
            await asyncio.sleep(min(_RETRY_SECONDS * failures, self._context.backoff_cap))

    async def _try_start(self) -> LocalProcess:
        await self._worker.read_references(self.spec)
        declared = [
            int(port["containerPort"])
            for port in self.spec.get("ports") or []
            if (port.get("protocol") or "TCP") == "TCP"
        ]
        ports = {port: self._context.ports.take(self.ports.get(port)) for port in declared}
        try:
            made = await asyncio.to_thread(self._worker.make, self, ports)
            self.ports = ports
            # The gateway must know the ports before the pod can become ready.
            await self._worker.publish_ports()
        except BaseException:
            self._context.ports.release(ports.values())
            raise
        self._target = made.target
        self._drop_old_logs()
        return LocalProcess.start(
            made.command,
            record=self.folder / "process.json",
            log=self.log,
            cwd=made.cwd,
            environment=made.environment,
            extra={
                "container": self.name,
                "attempt": self.state.restarts,
                "ports": {str(port): local for port, local in ports.items()},
                "stop_signal": made.stop_signal,
            },
        )

    def _drop_old_logs(self) -> None:
        for path in self.folder.glob("*.log*"):
            attempt = path.name.partition(".")[0]
            if attempt.isdigit() and int(attempt) <= self.state.restarts - _KEPT_LOGS:
                path.unlink(missing_ok=True)

    def _ended(self, process: LocalProcess, code: int | None) -> int:
        reason, status = "Completed" if code == 0 else "Error", code
        message = ""
        if self._killed is not None:
            reason, status = self._killed
        elif code is None:
            reason, status = "ContainerStatusUnknown", _UNKNOWN_EXIT
            message = "The container ended; the node that started it was not there to see how."
        elif code == START_ERROR:
            message = launch_failure(self.folder / "process.json")
            reason = "StartError" if message else reason
        _log.info("%s ended: %s, exit status %d %s", self._where, reason, status or 0, message)
        self._terminated(reason, status or 0, process.record.started, message)
        self._worker.changed()
        return status or 0

    def _ended_unseen(self) -> int | None:
        """The exit status of a container that ran when the last node was stopped, and runs no more; else None."""
        running = self.state.state.get("running")
        if running is None or self._adopted is not None:
            return None
        self.state.ready = self.state.started = False
        message = "The container ended while no node was there to see how."
        self._terminated("ContainerStatusUnknown", _UNKNOWN_EXIT, str(running.get("startedAt") or now()), message)
        return _UNKNOWN_EXIT

    def _terminated(self, reason: str, code: int, started: str, message: str) -> None:
        if code and not message and self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            message = "\n".join(logfile.tail(self.log, _MESSAGE_LINES))[-_MESSAGE_CHARACTERS:]
        container_id = self._id(self.state.restarts)
        self.state.state = terminated(reason, code, started=started, message=message, container_id=container_id)

    async def _wait_for_restart(self, seconds: float) -> None:
        self.state.last = self.state.state
        if seconds > 0:
            pod = self._worker.pod["metadata"]
            message = (
                f"back-off {seconds:g}s restarting failed container={self.name} "
                f"pod={pod['name']}_{pod['namespace']}({self._worker.uid})"
            )
            self.state.state = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
            self._worker.changed()
            await self._worker.event("Warning", "BackOff", message)
            await asyncio.sleep(seconds)

    def _limit_memory(self, process: LocalProcess) -> None:
        limit = ((self.spec.get("resources") or {}).get("limits") or {}).get("memory")
        if limit is None:
            return

        def exceeded() -> None:
            self._killed = ("OOMKilled", _OOM_EXIT)
            process.kill()

        self._context.memory.add(process.record.pid, int(parse_quantity(str(limit))), exceeded)

    def on_started(self) -> None:
        """Told by the probes."""
        self.state.started = True
        self.has_started.set()
        self._worker.changed()

    async def on_ready(self, failure: str) -> None:
        """Told by the probes."""
        if self.state.ready == (not failure):
            return
        self.state.ready = not failure
        self._worker.changed()
        if failure:
            await self._worker.event("Warning", "Unhealthy", f"Readiness probe failed: {failure}")

    async def on_unhealthy(self, kind: str, failure: str, probe: Object) -> None:
        """Told by the probes."""
        await self._worker.event("Warning", "Unhealthy", f"{kind} probe failed: {failure}")
        message = f"Container {self.name} failed {kind.lower()} probe, will be restarted"
        await self._worker.event("Normal", "Killing", message)
        grace = probe.get("terminationGracePeriodSeconds") or self._worker.grace_seconds
        # Stopping ends the probes, and with them whoever called this: it must not stop half-way.
        self._worker.spawn(self.stop(float(grace)))
