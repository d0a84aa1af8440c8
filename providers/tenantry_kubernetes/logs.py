"""What an instance's pods print, read from the API server."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from tenantry.contract.tasks import InstanceRef
from tenantry_kubernetes.access import access
from tenantry_kubernetes.names import namespace_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.spec.plan import InstancePlan
    from tenantry_kubernetes.client.sync import Kubernetes

_COMPONENT: Final = "tenantry.dev/component"
_POLL_SECONDS: Final = 1.0
_Line = tuple[str, str]


def read_logs(
    plan: InstancePlan, environment: Mapping[str, str], *, component: str | None, follow: bool, tail: int
) -> Iterator[_Line]:
    """Pairs of component id and line, each pod's lines in order, older pods first; `follow` goes on until closed.

    A pod that cannot start yet gives one line with the reason. Raises PreflightError where the credentials are not
    there, VendorError where the API server refuses.
    """
    from tenantry_kubernetes.client.sync import Kubernetes

    with Kubernetes(access(InstanceRef.of(plan), environment)) as client:
        if follow:
            yield from _follow(client, plan, component, tail)
            return
        for pod in _pods(client, plan, component):
            for line in _lines(client, pod, follow=False, tail=tail):
                yield _component(pod), line


def _pods(client: Kubernetes, plan: InstancePlan, component: str | None) -> list[dict[str, Any]]:
    selector = f"tenantry.dev/instance={plan.instance}"
    if component is not None:
        selector += f",{_COMPONENT}={component}"
    pods = client.list_objects(client.resolve("v1", "Pod"), namespace_name(plan), labels=selector)
    # One-off runs are the instance's too, but no component: what they print is told with their result.
    of_components = [pod for pod in pods if _COMPONENT in pod["metadata"].get("labels", {})]
    return sorted(of_components, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))


def _lines(client: Kubernetes, pod: Mapping[str, Any], *, follow: bool, tail: int | None) -> Iterator[str]:
    metadata = pod["metadata"]
    waiting = _waiting(pod)
    if waiting:
        yield f"({metadata['name']} has not started: {waiting})"
        return
    yield from client.logs(metadata["namespace"], metadata["name"], container=_component(pod), follow=follow, tail=tail)


def _follow(client: Kubernetes, plan: InstancePlan, component: str | None, tail: int) -> Iterator[_Line]:
    lines: queue.SimpleQueue[_Line | Exception] = queue.SimpleQueue()
    seen: set[tuple[str, int, str]] = set()
    first, looked = True, 0.0
    while True:
        if time.monotonic() - looked >= _POLL_SECONDS:
            looked = time.monotonic()
            for pod in _pods(client, plan, component):
                # A container that was waiting and now runs, or was started again, is asked anew.
                key = (pod["metadata"]["uid"], _restarts(pod), _waiting(pod))
                if key not in seen:
                    seen.add(key)
                    args = (client, pod, tail if first else None, lines)
                    threading.Thread(target=_pump, args=args, daemon=True).start()
            first = False
        try:
            item = lines.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            continue
        if isinstance(item, Exception):
            raise item
        yield item


def _pump(
    client: Kubernetes, pod: Mapping[str, Any], tail: int | None, lines: queue.SimpleQueue[_Line | Exception]
) -> None:
    from tenantry.errors import VendorError

    try:
        for line in _lines(client, pod, follow=True, tail=tail):
            lines.put((_component(pod), line))
    except VendorError as error:
        # A pod that ended between being listed and being read is no failure.
        if getattr(error, "status", 0) not in {400, 404}:
            lines.put(error)


def _component(pod: Mapping[str, Any]) -> str:
    return str(pod["metadata"]["labels"][_COMPONENT])


def _restarts(pod: Mapping[str, Any]) -> int:
    return sum(int(one.get("restartCount", 0)) for one in pod.get("status", {}).get("containerStatuses", []))


def _waiting(pod: Mapping[str, Any]) -> str:
    """Why a pod has printed nothing yet; empty where its container runs or ran."""
    status = pod.get("status", {})
    statuses = status.get("containerStatuses", [])
    for one in [*status.get("initContainerStatuses", []), *statuses]:
        state = one.get("state", {})
        if "running" in state or one.get("lastState", {}).get("terminated"):
            continue
        if "waiting" in state:
            waiting = state["waiting"]
            return ": ".join(filter(None, (waiting.get("reason", "waiting"), waiting.get("message", ""))))
    return "" if statuses else str(status.get("phase", "Pending"))
