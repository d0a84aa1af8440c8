"""Copies of a service: an autoscaler between `min` and `max`, and a budget that keeps evictions from taking several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.names import selector
from tenantry_kubernetes.workloads.manifest import Manifest, head, running
from tenantry_kubernetes.workloads.namespace import NAMESPACE

if TYPE_CHECKING:
    from tenantry.spec.plan import InstancePlan, Scale, ServicePlan

_CPU_PERCENT: Final = 70


def bounds(scale: Scale) -> tuple[int, int]:
    """Least and most copies. Kubernetes keeps one where the plan permits none."""
    least = max(1, scale.min)
    return least, max(least, scale.max)


def fixed_copies(scale: Scale) -> int | None:
    """The number of copies where it never changes.

    None where an autoscaler decides: the Deployment then says nothing of replicas, so that server-side apply leaves the
    field to the autoscaler, and the next `up` takes no copy away.
    """
    least, most = bounds(scale)
    return least if least == most else None


def scaling(plan: InstancePlan, service: ServicePlan) -> list[Manifest]:
    """The autoscaler where copies vary, and the disruption budget where there can be several."""
    least, most = bounds(service.scale)
    out: list[Manifest] = []
    if most > 1:
        body = head(plan, "policy/v1", "PodDisruptionBudget", service.id, component=service.id)
        # Pods that do not serve must not hold up a node's drain.
        body["spec"] = {
            "maxUnavailable": 1,
            "selector": {"matchLabels": selector(plan, service.id)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        }
        out.append(Manifest(logical=service.id, component=service.id, body=body, after=(NAMESPACE,)))
    if least != most and running(plan):
        body = head(plan, "autoscaling/v2", "HorizontalPodAutoscaler", service.id, component=service.id)
        body["spec"] = {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": service.id},
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": _CPU_PERCENT},
                    },
                }
            ],
        }
        out.append(
            Manifest(
                logical=service.id,
                component=service.id,
                body=body,
                after=(NAMESPACE, ("Deployment", service.id)),
            )
        )
    return out
