"""All objects of an instance, in the order in which they are declared."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from tenantry.spec.plan import SchedulePlan, ServicePlan, SitePlan
from tenantry_kubernetes.packing import Packed, pack
from tenantry_kubernetes.workloads import namespace
from tenantry_kubernetes.workloads.bindings import Known
from tenantry_kubernetes.workloads.data import data_objects, keeps_data, kept_objects, needs
from tenantry_kubernetes.workloads.generated import generate
from tenantry_kubernetes.workloads.manifest import INSTANCE
from tenantry_kubernetes.workloads.network import base_policies
from tenantry_kubernetes.workloads.routing import hosts, routing
from tenantry_kubernetes.workloads.schedule import schedule_objects
from tenantry_kubernetes.workloads.services import service_objects, site_objects

if TYPE_CHECKING:
    from tenantry.contract.scope import Scope
    from tenantry.spec.plan import InstancePlan
    from tenantry_kubernetes.cluster import Cluster
    from tenantry_kubernetes.workloads.data import Fields
    from tenantry_kubernetes.workloads.manifest import Manifest

_POD_MAKERS: Final = frozenset({"Deployment", "StatefulSet", "Job", "CronJob", "Cluster"})


def instance_url(plan: InstancePlan, cluster: Cluster) -> str:
    """Where the instance answers, no trailing slash."""
    if plan.url is not None:
        return plan.url
    first = hosts(plan, cluster)[0]
    return f"{'http' if first.tls == 'none' else 'https'}://{first.name}"


def component_urls(plan: InstancePlan, url: str) -> dict[str, str]:
    """The URL of every component that a route leads to: its shortest prefix below the instance's URL."""
    out: dict[str, str] = {}
    for route in sorted(plan.routes, key=lambda route: len(route.prefix)):
        out.setdefault(route.component, url + route.prefix.rstrip("/"))
    return out


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """The manifests of an instance, and what its outputs say of its data."""

    manifests: list[Manifest]
    databases: dict[str, Fields] = dataclasses.field(default_factory=dict)
    buckets: dict[str, Fields] = dataclasses.field(default_factory=dict)


def instance_objects(plan: InstancePlan, cluster: Cluster, scope: Scope, *, project: str) -> Instance:
    """Everything of an instance. Declares the secrets that its data needs, and no object yet. `project`: the stack's.

    Raises CapabilityError before anything is declared where the cluster cannot run it.
    """
    wanted = list(needs(plan, cluster))
    kept = keeps_data(plan, cluster)
    if plan.lifecycle_state == "retired":
        found = [namespace.namespace(plan, data=True), *kept_objects(plan, cluster)] if kept else []
        generate(plan, cluster, scope)
        return Instance(manifests=found)
    packed = _pack_all(plan, cluster, scope)
    hosts(plan, cluster)
    url = instance_url(plan, cluster)
    data = data_objects(plan, cluster, scope, generate(plan, cluster, scope), url)
    known = Known.of(component_urls(plan, url), data.bindings)
    foundation = [
        namespace.namespace(plan, data=kept),
        namespace.service_account(plan, project),
        namespace.quota(plan, certificates=bool(cluster.issuer or cluster.acme), data=wanted),
        namespace.limits(plan),
        *base_policies(plan, cluster, data=kept),
    ]
    components: list[Manifest] = [*data.manifests]
    for component in plan.components:
        if isinstance(component, ServicePlan):
            components += service_objects(
                plan,
                component,
                cluster=cluster,
                scope=scope,
                packed=packed.get(component.id),
                url=url,
                known=known,
            )
        elif isinstance(component, SitePlan):
            components += site_objects(plan, component, cluster=cluster, packed=packed[component.id])
    for component in plan.components:
        if isinstance(component, SchedulePlan):
            components += schedule_objects(plan, component, cluster=cluster)
    guarded = [_guarded(manifest, [*foundation, *components]) for manifest in components]
    routes = [*data.routes, *(routing(plan, cluster, scope) if plan.routes else [])]
    made = [_owned(manifest) for manifest in [*foundation, *guarded, *routes]]
    return Instance(manifests=made, databases=data.databases, buckets=data.buckets)


def _owned(manifest: Manifest) -> Manifest:
    """Everything comes after what tells the project: a second one must be refused before it changes anything."""
    if manifest.key in {namespace.NAMESPACE, namespace.OWNER} or namespace.OWNER in manifest.after:
        return manifest
    return dataclasses.replace(manifest, after=(*manifest.after, namespace.OWNER))


def _guarded(manifest: Manifest, declared: list[Manifest]) -> Manifest:
    """What makes pods comes after everything that bounds them: quota, limits, account and network policies."""
    if manifest.kind not in _POD_MAKERS:
        return manifest
    bounds = [
        other.key
        for other in declared
        if other.component == INSTANCE or (other.kind == "NetworkPolicy" and other.component == manifest.component)
    ]
    return dataclasses.replace(manifest, after=tuple(dict.fromkeys((*manifest.after, *bounds))))


def _pack_all(plan: InstancePlan, cluster: Cluster, scope: Scope) -> dict[str, Packed]:
    out: dict[str, Packed] = {}
    for component in plan.components:
        if isinstance(component, ServicePlan | SitePlan) and component.source is not None:
            platform = cluster.platform(component.runtime) if isinstance(component, ServicePlan) else None
            out[component.id] = pack(component.id, scope.sources, cluster.account.bundles, platform)
    return out
