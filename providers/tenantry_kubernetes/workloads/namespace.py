"""The instance's namespace with its Pod Security level, its ceiling and its defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.spec.plan import SchedulePlan, ServicePlan, SitePlan
from tenantry_kubernetes.names import labels, namespace_name
from tenantry_kubernetes.workloads.manifest import AWAIT_SECONDS, INSTANCE, Manifest, head, kept_notes
from tenantry_kubernetes.workloads.sizes import SITE, TASK, cpu, memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenantry.spec.plan import InstancePlan, Resources

POD_SECURITY_VERSION: Final = "v1.36"
"""The rules of `restricted` that pods are checked by: pinned, so that a cluster's upgrade stops no running instance."""

NAMESPACE: Final = ("Namespace", "namespace")
OWNER: Final = ("ServiceAccount", "workload")
_SOLVER_PODS: Final = 4


def namespace(plan: InstancePlan, *, data: bool = False) -> Manifest:
    """The namespace: every pod in it must be `restricted`. `data`: its deletion would take data along."""
    security = {
        f"pod-security.kubernetes.io/{mode}{suffix}": value
        for mode in ("enforce", "warn", "audit")
        for suffix, value in (("", "restricted"), ("-version", POD_SECURITY_VERSION))
    }
    return Manifest(
        logical=NAMESPACE[1],
        component=INSTANCE,
        body={
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": namespace_name(plan),
                "labels": labels(plan) | security,
                "annotations": {
                    "tenantry.dev/declared-by": f"{plan.instance}/instance",
                    "pulumi.com/timeoutSeconds": str(AWAIT_SECONDS),
                    **(kept_notes() if data else {}),
                },
            },
        },
        data=data,
    )


def quota(plan: InstancePlan, *, certificates: bool, data: Sequence[Need] = ()) -> Manifest:
    """The most that the namespace may hold: every component at its largest, during a roll, and nothing that costs more.

    `certificates`: leave room for the pods with which cert-manager answers a challenge. `data`: what databases and
    buckets take.
    """
    pods, cpu_millis, memory_bytes = 0, 0, 0
    for copies, resources in [*_ceilings(plan), *((need.pods, need.resources) for need in data)]:
        pods += copies
        cpu_millis += copies * resources.cpu_millis
        memory_bytes += copies * resources.memory_bytes
    if certificates:
        pods += _SOLVER_PODS
        cpu_millis += _SOLVER_PODS * 100
        memory_bytes += _SOLVER_PODS * 64 * 2**20
    hard = {
        "pods": str(pods),
        "requests.cpu": cpu(cpu_millis),
        "limits.cpu": cpu(cpu_millis),
        "requests.memory": memory(memory_bytes),
        "limits.memory": memory(memory_bytes),
        "persistentvolumeclaims": str(sum(need.volumes for need in data)),
        "services.loadbalancers": "0",
    }
    if not certificates:
        hard["services.nodeports"] = "0"
    body = head(plan, "v1", "ResourceQuota", "instance")
    body["spec"] = {"hard": hard}
    return Manifest(logical="quota", component=INSTANCE, body=body, after=(NAMESPACE,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one database or bucket takes at most: pods at once with what one of them uses, and volumes."""

    pods: int
    resources: Resources
    volumes: int = 0


def limits(plan: InstancePlan) -> Manifest:
    """What a container gets that says nothing: the quota refuses one without limits."""
    small = {"cpu": "100m", "memory": "64Mi"}
    body = head(plan, "v1", "LimitRange", "instance")
    body["spec"] = {"limits": [{"type": "Container", "default": small, "defaultRequest": small}]}
    return Manifest(logical="limits", component=INSTANCE, body=body, after=(NAMESPACE,))


def service_account(plan: InstancePlan, project: str) -> Manifest:
    """What pods run as: an account without rights and without a token.

    It tells the project, and everything else comes after it: a second project with this tenant and instance would own
    the same namespace, and is refused here, because an applied field belongs to who applied it.
    """
    notes = {"tenantry.dev/project": project}
    body = head(plan, "v1", "ServiceAccount", "workload", annotations=notes)
    body["automountServiceAccountToken"] = False
    return Manifest(logical=OWNER[1], component=INSTANCE, body=body, after=(NAMESPACE,))


def _ceilings(plan: InstancePlan) -> Iterator[tuple[int, Resources]]:
    """Copies at once, and what one takes. Pods that still end during a roll count, as does the one that is ahead."""
    for component in plan.components:
        if isinstance(component, ServicePlan):
            task = 1 if component.migrate is not None else 0
            yield 2 * component.scale.max + 1 + task, component.resources
        elif isinstance(component, SitePlan):
            yield 3, SITE
        elif isinstance(component, SchedulePlan):
            # The call, and the one of a retry whose pod has not ended yet.
            yield 2, TASK
