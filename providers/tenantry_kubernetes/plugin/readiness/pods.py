"""Pods: ready or not, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.plugin.objects import name, pluck, text
from tenantry_kubernetes.plugin.readiness.verdict import READY, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenantry_kubernetes.client.requests import Object

_HARMLESS: Final = frozenset({"", "ContainerCreating", "PodInitializing", "Completed"})


def condition(each: Object, kind: str) -> Object:
    """A condition of `status.conditions`, empty where the object does not have it."""
    listed = pluck(each, "status", "conditions") or []
    return next((entry for entry in listed if isinstance(entry, dict) and entry.get("type") == kind), {})


def is_true(each: Object, kind: str) -> bool:
    """Whether a condition holds."""
    return condition(each, kind).get("status") == "True"


def troubles(pod: Object) -> list[str]:
    """What keeps a pod from becoming ready: not scheduled, image not pulled, container crashing."""
    found = []
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False" and scheduled.get("reason"):
        found.append(f"[{scheduled['reason']}] {scheduled.get('message', '')}")
    status = pod.get("status") or {}
    for entry in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        found += _container(entry)
    if status.get("phase") == "Failed":
        found.append(f"[{status.get('reason') or 'Failed'}] {status.get('message', '')}")
    return [f"[Pod {name(pod)}]: {trouble.strip()}" for trouble in found]


def _container(entry: Object) -> list[str]:
    label = f"container {entry.get('name')!r}"
    waiting = pluck(entry, "state", "waiting") or {}
    ended = pluck(entry, "state", "terminated") or pluck(entry, "lastState", "terminated") or {}
    found = []
    if str(waiting.get("reason") or "") not in _HARMLESS:
        found.append(f"{label} waits: [{waiting['reason']}] {waiting.get('message', '')}")
    if ended.get("exitCode"):
        said = f": {ended['message']}" if ended.get("message") else ""
        found.append(f"{label} ended: [{ended.get('reason', 'Error')}] exit code {ended['exitCode']}{said}")
    return found


def judge_pod(pod: Object, _related: dict[str, list[Object]]) -> Verdict:
    """A pod is ready when it says so, or has done its work."""
    if is_true(pod, "Ready") or text(pod, "status", "phase") == "Succeeded":
        return READY
    return Verdict(reasons=tuple(troubles(pod)) or ("The pod is not ready",))


def all_troubles(pods: Iterable[Object], owner_kinds: frozenset[str]) -> list[str]:
    """The troubles of pods that controllers of the given kinds own."""
    return [
        trouble
        for pod in pods
        if any(ref.get("kind") in owner_kinds for ref in pluck(pod, "metadata", "ownerReferences") or [])
        for trouble in troubles(pod)
    ]
