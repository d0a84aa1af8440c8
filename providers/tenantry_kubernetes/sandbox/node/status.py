"""The status of a pod, built from the states of its containers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry_kubernetes.client.requests import Object


def now() -> str:
    """The time as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def terminated(reason: str, code: int, *, started: str, message: str, container_id: str) -> Object:
    """The state of a container that has ended now."""
    state: Object = {
        "exitCode": code,
        "reason": reason,
        "startedAt": started,
        "finishedAt": now(),
        "containerID": container_id,
    }
    return {"terminated": state | ({"message": message} if message else {})}


@dataclass(slots=True, kw_only=True)
class ContainerState:
    """What is known of one container. `state` and `last` have the API's shape. `finished`: it will not run again."""

    name: str
    image: str
    container_id: str
    state: Object = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last: Object = field(default_factory=dict)
    ready: bool = False
    started: bool = False
    restarts: int = 0
    finished: bool = False

    @property
    def exit_code(self) -> int | None:
        """The exit status of a container that has ended."""
        return (self.state.get("terminated") or {}).get("exitCode")

    @property
    def ever_ran(self) -> bool:
        """Whether it runs or ran at least once."""
        return "waiting" not in self.state or bool(self.last)

    def to_api(self) -> Object:
        """The API's ContainerStatus."""
        return {
            "name": self.name,
            "image": self.image,
            "imageID": "",
            "containerID": self.container_id if self.ever_ran else "",
            "state": self.state,
            "lastState": self.last,
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PodState:
    """What a pod's status is made from. `failure`: reason and message where the pod as a whole was ended."""

    ip: str
    host_ip: str
    start_time: str
    init: Sequence[ContainerState]
    containers: Sequence[ContainerState]
    initialized: bool
    failure: tuple[str, str] | None = None


def phase(state: PodState) -> str:
    """The pod's phase."""
    if state.failure is not None or any(each.finished and each.exit_code for each in state.init):
        return "Failed"
    if all(each.finished for each in state.containers):
        return "Failed" if any(each.exit_code for each in state.containers) else "Succeeded"
    return "Running" if all(each.ever_ran for each in state.containers) else "Pending"


def pod_status(pod: Object, state: PodState) -> Object:
    """The status that the node reports; conditions of others are left alone by a strategic merge."""
    current = phase(state)
    before = {each["type"]: each for each in (pod.get("status") or {}).get("conditions") or []}
    ended = current in {"Succeeded", "Failed"}
    unready = [each.name for each in state.containers if not each.ready]
    gates = [each["conditionType"] for each in pod["spec"].get("readinessGates") or []]
    closed = [gate for gate in gates if before.get(gate, {}).get("status") != "True"]
    not_ready: Object = {}
    if ended:
        not_ready = {"reason": "PodCompleted" if current == "Succeeded" else "PodFailed"}
    elif unready:
        not_ready = {
            "reason": "ContainersNotReady",
            "message": f"containers with unready status: [{' '.join(unready)}]",
        }
    uninitialized = {"reason": "ContainersNotInitialized"}
    conditions = [
        _condition("PodReadyToStartContainers", not ended, {}, before),
        _condition("Initialized", state.initialized, {} if state.initialized else uninitialized, before),
        _condition("ContainersReady", not not_ready, not_ready, before),
    ]
    if not not_ready and closed:
        not_ready = {"reason": "ReadinessGatesNotReady", "message": f"closed gates: {' '.join(closed)}"}
    conditions.append(_condition("Ready", not not_ready, not_ready, before))
    status: Object = {
        "phase": current,
        "conditions": conditions,
        "hostIP": state.host_ip,
        "hostIPs": [{"ip": state.host_ip}],
        "podIP": state.ip,
        "podIPs": [{"ip": state.ip}],
        "startTime": state.start_time,
        "containerStatuses": [each.to_api() for each in state.containers],
        "reason": state.failure[0] if state.failure else None,
        "message": state.failure[1] if state.failure else None,
    }
    if state.init:
        status["initContainerStatuses"] = [each.to_api() for each in state.init]
    return status


def _condition(kind: str, holds: bool, details: Object, before: dict[str, Any]) -> Object:  # noqa: FBT001 - a status
    status = "True" if holds else "False"
    old = before.get(kind) or {}
    since = old["lastTransitionTime"] if old.get("status") == status and old.get("lastTransitionTime") else now()
    cleared: Object = {"reason": None, "message": None}
    return {"type": kind, "status": status, "lastTransitionTime": since} | cleared | details
