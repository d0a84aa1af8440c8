"""Deployments, StatefulSets, DaemonSets and Jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.plugin.objects import pluck
from tenantry_kubernetes.plugin.readiness.pods import all_troubles, condition, is_true
from tenantry_kubernetes.plugin.readiness.verdict import READY, Verdict, Watched, selector

if TYPE_CHECKING:
    from tenantry_kubernetes.client.requests import Object

_REVISION: Final = "deployment.kubernetes.io/revision"


def pods_of(workload: Object) -> tuple[Watched, ...]:
    """The pods that a workload's selector finds."""
    labels = pluck(workload, "spec", "selector", "matchLabels")
    return (Watched(api_version="v1", kind="Pod", labels=selector(labels)),) if labels else ()


def judge_deployment(deployment: Object, related: dict[str, list[Object]]) -> Verdict:
    """Ready when the wanted pods of the newest revision are available and its roll is over."""
    if not _observed(deployment):
        return Verdict(reasons=("The deployment controller has not seen the change yet",))
    reasons = []
    wanted = _number(deployment, "spec", "replicas", default=1)
    updated = _number(deployment, "status", "updatedReplicas")
    ready = _number(deployment, "status", "readyReplicas")
    unavailable = _number(deployment, "status", "unavailableReplicas")
    if updated < wanted or ready < wanted or unavailable:
        reasons.append(f"{min(updated, ready)} of {wanted} pods are updated and ready")
    available = condition(deployment, "Available")
    if available.get("status") != "True":
        reasons.append(_say(available) or "The deployment is not available yet")
    progressing = condition(deployment, "Progressing")
    done = progressing.get("status") == "True" and progressing.get("reason") == "NewReplicaSetAvailable"
    if progressing.get("status") == "False":
        reasons.append(_say(progressing))
    elif not done and pluck(deployment, "metadata", "annotations", _REVISION) != "1":
        reasons.append("The new revision is still being rolled out")
    if not reasons:
        return READY
    return Verdict(reasons=(*reasons, *all_troubles(related.get("Pod", []), frozenset({"ReplicaSet"}))))


def judge_stateful_set(stateful_set: Object, related: dict[str, list[Object]]) -> Verdict:
    """Ready when all replicas are ready and on the newest revision."""
    if not _observed(stateful_set):
        return Verdict(reasons=("The controller has not seen the change yet",))
    wanted = _number(stateful_set, "spec", "replicas", default=1)
    status = stateful_set.get("status") or {}
    ready = _number(stateful_set, "status", "readyReplicas")
    current = status.get("currentRevision") == status.get("updateRevision")
    if ready >= wanted and current:
        return READY
    reasons = (f"{ready} of {wanted} pods are ready",) if ready < wanted else ("Pods are still on the old revision",)
    return Verdict(reasons=(*reasons, *all_troubles(related.get("Pod", []), frozenset({"StatefulSet"}))))


def judge_daemon_set(daemon_set: Object, related: dict[str, list[Object]]) -> Verdict:
    """Ready when every wanted node runs an available pod of the newest revision."""
    if not _observed(daemon_set):
        return Verdict(reasons=("The controller has not seen the change yet",))
    wanted = _number(daemon_set, "status", "desiredNumberScheduled")
    updated = _number(daemon_set, "status", "updatedNumberScheduled")
    available = _number(daemon_set, "status", "numberAvailable")
    if updated >= wanted and available >= wanted:
        return READY
    reasons = (f"{min(updated, available)} of {wanted} pods are updated and available",)
    return Verdict(reasons=(*reasons, *all_troubles(related.get("Pod", []), frozenset({"DaemonSet"}))))


def judge_job(job: Object, related: dict[str, list[Object]]) -> Verdict:
    """Ready when it has completed; failed when it gave up."""
    if is_true(job, "Complete"):
        return READY
    reasons = all_troubles(related.get("Pod", []), frozenset({"Job"}))
    if is_true(job, "Failed"):
        return Verdict(failed=True, reasons=(_say(condition(job, "Failed")), *reasons))
    return Verdict(reasons=("The job has not completed", *reasons))


def _observed(workload: Object) -> bool:
    return _number(workload, "status", "observedGeneration") >= _number(workload, "metadata", "generation")


def _number(each: Object, *path: str, default: int = 0) -> int:
    value = pluck(each, *path)
    return value if isinstance(value, int) else default


def _say(entry: Object) -> str:
    return f"[{entry.get('reason', '')}] {entry.get('message', '')}" if entry else ""
