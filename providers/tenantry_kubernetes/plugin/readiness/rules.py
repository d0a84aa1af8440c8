"""Which kinds are waited for, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.plugin.objects import name, pluck, text
from tenantry_kubernetes.plugin.readiness.network import backends_of, judge_ingress, judge_service, slices_of
from tenantry_kubernetes.plugin.readiness.pods import judge_pod
from tenantry_kubernetes.plugin.readiness.verdict import READY, Rule, Verdict, Watched
from tenantry_kubernetes.plugin.readiness.workloads import (
    judge_daemon_set,
    judge_deployment,
    judge_job,
    judge_stateful_set,
    pods_of,
)

if TYPE_CHECKING:
    from tenantry_kubernetes.client.requests import Object


def _judge_claim(claim: Object, related: dict[str, list[Object]]) -> Verdict:
    wanted = text(claim, "spec", "storageClassName")
    phase = text(claim, "status", "phase")
    classes = {name(each): each.get("volumeBindingMode") for each in related.get("StorageClass", [])}
    if phase == "Bound" or (phase == "Pending" and classes.get(wanted) == "WaitForFirstConsumer"):
        return READY
    return Verdict(reasons=(f"The claim is {phase or 'not seen yet'}: no volume is bound to it",))


def _judge_volume(volume: Object, _related: dict[str, list[Object]]) -> Verdict:
    phase = text(volume, "status", "phase")
    return READY if phase in {"Available", "Bound"} else Verdict(reasons=(f"The volume is {phase or 'not seen yet'}",))


def _judge_quota(quota: Object, _related: dict[str, list[Object]]) -> Verdict:
    if pluck(quota, "spec", "hard") == pluck(quota, "status", "hard"):
        return READY
    return Verdict(reasons=("The quota controller has not taken the quota up yet",))


_CLASSES: Final = (Watched(api_version="storage.k8s.io/v1", kind="StorageClass"),)

RULES: Final[dict[tuple[str, str], Rule]] = {
    ("apps/v1", "DaemonSet"): Rule(judge=judge_daemon_set, related=pods_of),
    ("apps/v1", "Deployment"): Rule(judge=judge_deployment, related=pods_of),
    ("apps/v1", "StatefulSet"): Rule(judge=judge_stateful_set, related=pods_of),
    ("batch/v1", "Job"): Rule(judge=judge_job, related=pods_of),
    ("networking.k8s.io/v1", "Ingress"): Rule(judge=judge_ingress, related=backends_of),
    ("v1", "PersistentVolume"): Rule(judge=_judge_volume, seconds=300, on_read=False),
    ("v1", "PersistentVolumeClaim"): Rule(judge=_judge_claim, related=lambda _: _CLASSES, seconds=300, on_read=False),
    ("v1", "Pod"): Rule(judge=judge_pod),
    ("v1", "ResourceQuota"): Rule(judge=_judge_quota, seconds=60, on_read=False),
    ("v1", "Service"): Rule(judge=judge_service, related=slices_of),
}
"""By (apiVersion, kind). Kinds that are not here are ready once the server has accepted them."""
