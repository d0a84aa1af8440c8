"""The RBAC rules that deploying an instance takes: for `up`, an `up` that changes nothing, `refresh` and `destroy`.

The plugin applies on the server (`create` and `patch`), reads back (`get`), and waits by watching (`list`, `watch`).
The rules must stand in a ClusterRole: the instance's namespace does not exist before the first `up`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.contract.runtime import Permission
from tenantry.spec.plan import BucketPlan, ComponentField, DatabasePlan, SchedulePlan, ServicePlan, SitePlan
from tenantry_kubernetes.account import Account, Extensions
from tenantry_kubernetes.data_sources import ExternalDatabase, OperatedDatabase
from tenantry_kubernetes.workloads.database import source_of
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
    "Pod": "pods",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
    "Job": "jobs.batch",
    "CronJob": "cronjobs.batch",
    "Cluster": "clusters.postgresql.cnpg.io",
    "NetworkPolicy": "networkpolicies.networking.k8s.io",
    "Ingress": "ingresses.networking.k8s.io",
    "HTTPRoute": "httproutes.gateway.networking.k8s.io",
    "PodDisruptionBudget": "poddisruptionbudgets.policy",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers.autoscaling",
}
"""Kind -> its resource, in the form of `kubectl auth can-i VERB RESOURCE`."""

_SERVER: Final = ("PersistentVolumeClaim", "Secret", "NetworkPolicy", "Service", "StatefulSet")
"""What every server that keeps data has."""
SUBRESOURCES: Final = frozenset({"pods/exec", "pods/log"})
"""What stands behind the slash of these is no object's name."""

_TASKS: Final = (
    *((verb, "jobs.batch") for verb in ("create", "delete", "get", "list")),
    ("get", "secrets"),
    ("list", "pods"),
    ("get", "pods/log"),
)
"""What runs a service's migrations, and reads what they say without its secrets."""
_LOCK: Final = tuple((verb, "leases.coordination.k8s.io") for verb in ("create", "delete", "get", "update"))
_SWEEP: Final = (
    *((verb, resource) for verb in ("delete", "list") for resource in ("configmaps", "secrets", "jobs.batch")),
    *(("list", resource) for resource in ("pods", "replicasets.apps", "deployments.apps")),
)
"""What removes the ConfigMaps and Secrets of earlier versions."""
_COPY: Final = {
    "database": (("create", "pods/exec"), ("get", "pods/exec")),
    "bucket": (("get", "secrets"), ("get", "ingresses.networking.k8s.io")),
}
"""What backs data up and puts it back."""
_OWN: Final = ("create", "delete", "get", "list", "patch", "watch")
_WATCHED: Final = ("get", "list", "watch")
_AWAITED: Final = {
    "Deployment": ("replicasets.apps", "pods", "persistentvolumeclaims"),
    "StatefulSet": ("controllerrevisions.apps", "pods"),
    "Job": ("pods",),
    "Ingress": ("services", "endpoints", "endpointslices.discovery.k8s.io"),
}


def permissions(plan: InstancePlan) -> list[Permission]:
    """One entry per component, verb and resource. The instance's own objects have the component `*`."""
    found = {(INSTANCE, "get", "namespaces/kube-system")}
    for component, kind in kinds(plan):
        found |= {(component, verb, RESOURCES[kind]) for verb in _OWN}
        found |= {(component, verb, resource) for resource in _AWAITED.get(kind, ()) for verb in _WATCHED}
    found |= set(_between(plan))
    return [
        Permission(component=component, action=verb, resource=resource)
        for component, verb, resource in sorted(found, key=lambda entry: (entry[0], entry[2], entry[1]))
    ]


def kinds(plan: InstancePlan) -> Iterator[tuple[str, str]]:
    """Pairs of component and kind that the plan makes."""
    for kind in ("Namespace", "ResourceQuota", "LimitRange", "ServiceAccount", "NetworkPolicy"):
        yield INSTANCE, kind
    account, extensions = Account.of(plan.runtime.account), Extensions.of(plan.runtime.extensions)
    route = "HTTPRoute" if account.routing and account.routing.kind == "httproute" else "Ingress"
    for component in plan.components:
        if isinstance(component, ServicePlan | SitePlan):
            yield from _of_pods(plan, component, account, extensions)
        elif isinstance(component, DatabasePlan):
            yield from _of_database(plan, component, account, extensions)
        elif isinstance(component, BucketPlan) and (plan.mode == "sandbox" or component.id not in account.buckets):
            yield from ((component.id, kind) for kind in (*_SERVER, "ConfigMap", "Job"))
            yield INSTANCE, route
        elif isinstance(component, SchedulePlan):
            yield from ((component.id, kind) for kind in ("ConfigMap", "CronJob"))
    if plan.routes:
        yield INSTANCE, route
    ordered = _orders(plan, account, extensions)
    if ordered or any(domain.tls == "provided" for domain in plan.domains):
        yield INSTANCE, "Secret"
    if ordered:
        yield from ((INSTANCE, kind) for kind in ("Pod", "Service", "Ingress"))


def _orders(plan: InstancePlan, account: Account, extensions: Extensions) -> bool:
    """Whether certificates are ordered from an ACME server, and the hosts answer for themselves over HTTP."""
    if account.acme is None or account.cert_manager is not None or extensions.cert_manager is not None:
        return False
    return any(domain.tls == "managed" for domain in plan.domains) and account.acme.get("dns") is None


def _between(plan: InstancePlan) -> Iterator[tuple[str, str, str]]:
    """What migrations, backups and the sweep after a roll take."""
    yield from ((INSTANCE, *rule) for rule in _SWEEP)
    locked = False
    for component in plan.components:
        rules: tuple[tuple[str, str], ...] = ()
        if isinstance(component, ServicePlan) and component.migrate is not None:
            rules = _TASKS
        elif isinstance(component, DatabasePlan | BucketPlan):
            rules = _COPY[component.type]
        yield from ((component.id, *rule) for rule in rules)
        locked = locked or bool(rules)
    yield from ((INSTANCE, *rule) for rule in (_LOCK if locked else ()))


def parts_of(resource: str) -> tuple[str, str, str]:
    """Group, resource with its subresource, and the only object's name of a permission's `resource`."""
    if resource in SUBRESOURCES:
        return "", resource, ""
    path, _, only = resource.partition("/")
    plural, _, group = path.partition(".")
    return group, plural, only


def cluster_role(rules: Iterable[Permission], name: str) -> Body:
    """A ClusterRole manifest that grants exactly these permissions."""
    verbs: dict[tuple[str, str, str], set[str]] = {}
    for rule in rules:
        verbs.setdefault(parts_of(rule.resource), set()).add(rule.action)
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


def _of_pods(
    plan: InstancePlan, component: ServicePlan | SitePlan, account: Account, extensions: Extensions
) -> Iterator[tuple[str, str]]:
    egress = extensions.egress
    yield component.id, "Deployment"
    yield component.id, "Service"
    if component.source is not None:
        yield component.id, "ConfigMap"
    routed = any(route.component == component.id for route in plan.routes)
    if routed or (isinstance(component, ServicePlan) and (egress.internet or egress.cidrs)):
        yield component.id, "NetworkPolicy"
    if isinstance(component, ServicePlan):
        yield from _of_service(component, {*account.databases, *account.buckets})


def _of_database(
    plan: InstancePlan, database: DatabasePlan, account: Account, extensions: Extensions
) -> Iterator[tuple[str, str]]:
    source = source_of(database, account, extensions, plan.mode)
    if isinstance(source, ExternalDatabase):
        if source.ca is not None:
            yield database.id, "ConfigMap"
    elif isinstance(source, OperatedDatabase):
        yield from ((database.id, kind) for kind in ("Secret", "NetworkPolicy", "Cluster"))
    else:
        yield from ((database.id, kind) for kind in (*_SERVER, "ConfigMap"))


def _of_service(service: ServicePlan, elsewhere: set[str]) -> Iterator[tuple[str, str]]:
    # What the account says of data that is elsewhere is secret as a whole.
    if any(
        variable.value.is_secret
        or any(isinstance(part, ComponentField) and part.component in elsewhere for part in variable.value.parts)
        for variable in service.env
    ):
        yield service.id, "Secret"
    least, most = bounds(service.scale)
    if most > 1:
        yield service.id, "PodDisruptionBudget"
    if least != most:
        yield service.id, "HorizontalPodAutoscaler"
