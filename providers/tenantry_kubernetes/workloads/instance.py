"""All objects of an instance, in the order in which they are declared."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tenantry.errors import CapabilityError
from tenantry.spec.plan import ServicePlan, SitePlan
from tenantry_kubernetes.packing import Packed, pack
from tenantry_kubernetes.workloads import namespace
from tenantry_kubernetes.workloads.manifest import INSTANCE
from tenantry_kubernetes.workloads.network import base_policies
from tenantry_kubernetes.workloads.routing import hosts, routing
from tenantry_kubernetes.workloads.services import service_objects, site_objects

if TYPE_CHECKING:
    from tenantry.contract.scope import Scope
    from tenantry.spec.plan import InstancePlan
    from tenantry_kubernetes.cluster import Cluster
    from tenantry_kubernetes.workloads.manifest import Manifest


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


def instance_objects(plan: InstancePlan, cluster: Cluster, scope: Scope) -> list[Manifest]:
    """The manifests of an instance. Raises CapabilityError before the first one where the cluster cannot run it."""
    packed = _pack_all(plan, cluster, scope)
    hosts(plan, cluster)
    url = instance_url(plan, cluster)
    fields = {(component, "url"): value for component, value in component_urls(plan, url).items()}
    foundation = [
        namespace.namespace(plan),
        namespace.quota(plan, certificates=cluster.issuer is not None),
        namespace.limits(plan),
        namespace.service_account(plan),
        *base_policies(plan, cluster),
    ]
    components: list[Manifest] = []
    for component in plan.components:
        if isinstance(component, ServicePlan):
            components += service_objects(
                plan,
                component,
                cluster=cluster,
                scope=scope,
                packed=packed.get(component.id),
                url=url,
                fields=fields,
            )
        elif isinstance(component, SitePlan):
            components += site_objects(plan, component, cluster=cluster, packed=packed[component.id])
    guarded = [_guarded(manifest, [*foundation, *components]) for manifest in components]
    return [*foundation, *guarded, *(routing(plan, cluster, scope) if plan.routes else [])]


def _guarded(manifest: Manifest, declared: list[Manifest]) -> Manifest:
    """A Deployment comes after everything that bounds it: quota, limits, account and network policies."""
    if manifest.kind != "Deployment":
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
        if isinstance(component, ServicePlan | SitePlan):
            if component.source is not None:
                platform = cluster.platform(component.runtime) if isinstance(component, ServicePlan) else None
                out[component.id] = pack(component.id, scope.sources, cluster.account.bundles, platform)
        elif component.type != "miniprogram":
            raise CapabilityError(
                f"Kubernetes does not make a {component.type} yet ({component.id}).",
                hint="Remove the component, or use a runtime that `tenantry runtimes` shows with it.",
            )
    return out
