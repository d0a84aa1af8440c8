"""The RBAC rules that deploying an instance takes: for `up`, an `up` that changes nothing, `refresh` and `destroy`.

The plugin applies on the server (`create` and `patch`), reads back (`get`), and waits by watching (`list`, `watch`).
The rules must stand in a ClusterRole: the instance's namespace does not exist before the first `up`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.contract.runtime import Permission
from tenantry.spec.plan import ServicePlan, SitePlan
from tenantry_kubernetes.account import Account, Extensions
from tenantry_kubernetes.workloads.manifest import INSTANCE
from tenantry_kubernetes.workloads.scaling import bounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tenantry.spec.plan import InstancePlan
    from tenantry_kubernetes.workloads.manifest import Body

RESOURCES: Final = {
    "Namespace": "namespaces",
    "ResourceQuota": "resourcequotas",
    "LimitRange": "limitranges",
    "ServiceAccount": "serviceaccounts",
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "Service": "services",
    "Deployment": "deployments.apps",
    "NetworkPolicy": "networkpolicies.networking.k8s.io",
    "Ingress": "ingresses.networking.k8s.io",
    "HTTPRoute": "httproutes.gateway.networking.k8s.io",
    "PodDisruptionBudget": "poddisruptionbudgets.policy",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers.autoscaling",
}
"""Kind -> its resource, in the form of `kubectl auth can-i VERB RESOURCE`."""

_OWN: Final = ("create", "delete", "get", "list", "patch", "watch")
_WATCHED: Final = ("get", "list", "watch")
_AWAITED: Final = {
    "Deployment": ("replicasets.apps", "pods", "persistentvolumeclaims"),
    "Ingress": ("services", "endpoints", "endpointslices.discovery.k8s.io"),
}


def permissions(plan: InstancePlan) -> list[Permission]:
    """One entry per component, verb and resource. The instance's own objects have the component `*`."""
    found = {(INSTANCE, "get", "namespaces/kube-system")}
    for component, kind in kinds(plan):
        found |= {(component, verb, RESOURCES[kind]) for verb in _OWN}
        found |= {(component, verb, resource) for resource in _AWAITED.get(kind, ()) for verb in _WATCHED}
    return [
        Permission(component=component, action=verb, resource=resource)
        for component, verb, resource in sorted(found, key=lambda entry: (entry[0], entry[2], entry[1]))
    ]


def kinds(plan: InstancePlan) -> Iterator[tuple[str, str]]:
    """Pairs of component and kind that the plan makes."""
    for kind in ("Namespace", "ResourceQuota", "LimitRange", "ServiceAccount", "NetworkPolicy"):
        yield INSTANCE, kind
    egress = Extensions.of(plan.runtime.extensions).egress
    routed = {route.component for route in plan.routes}
    for component in plan.components:
        if not isinstance(component, ServicePlan | SitePlan):
            continue
        yield component.id, "Deployment"
        yield component.id, "Service"
        if component.source is not None:
            yield component.id, "ConfigMap"
        if component.id in routed or (isinstance(component, ServicePlan) and (egress.internet or egress.cidrs)):
            yield component.id, "NetworkPolicy"
        if isinstance(component, ServicePlan):
            yield from _of_service(component)
    if plan.routes:
        routing = Account.of(plan.runtime.account).routing
        yield INSTANCE, "HTTPRoute" if routing and routing.kind == "httproute" else "Ingress"
    if any(domain.tls == "provided" for domain in plan.domains):
        yield INSTANCE, "Secret"


def cluster_role(rules: Iterable[Permission], name: str) -> Body:
    """A ClusterRole manifest that grants exactly these permissions."""
    verbs: dict[tuple[str, str, str], set[str]] = {}
    for rule in rules:
        path, _, only = rule.resource.partition("/")
        resource, _, group = path.partition(".")
        verbs.setdefault((group, resource, only), set()).add(rule.action)
    by_rule: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
    for (group, resource, only), allowed in sorted(verbs.items()):
        by_rule.setdefault((group, tuple(sorted(allowed)), only), []).append(resource)
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "tenantry"}},
        "rules": [
            {"apiGroups": [group], "resources": resources, "verbs": list(allowed)}
            | ({"resourceNames": [only]} if only else {})
            for (group, allowed, only), resources in by_rule.items()
        ],
    }


def _of_service(service: ServicePlan) -> Iterator[tuple[str, str]]:
    if any(variable.value.is_secret for variable in service.env):
        yield service.id, "Secret"
    least, most = bounds(service.scale)
    if most > 1:
        yield service.id, "PodDisruptionBudget"
    if least != most:
        yield service.id, "HorizontalPodAutoscaler"
