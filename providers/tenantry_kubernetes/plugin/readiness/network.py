"""Services and Ingresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.plugin.objects import name, pluck, text
from tenantry_kubernetes.plugin.readiness.verdict import READY, Verdict, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry_kubernetes.client.requests import Object

_SERVICE_NAME: Final = "kubernetes.io/service-name"
_SLICES: Final = "discovery.k8s.io/v1"


def slices_of(service: Object) -> tuple[Watched, ...]:
    """The endpoint slices of a service, where it needs any."""
    if not needs_pods(service):
        return ()
    return (Watched(api_version=_SLICES, kind="EndpointSlice", labels=f"{_SERVICE_NAME}={name(service)}"),)


def needs_pods(service: Object) -> bool:
    """Whether a service is expected to find pods: it selects some, is not headless and no alias of a name elsewhere."""
    spec = service.get("spec") or {}
    return bool(spec.get("selector")) and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName"


def judge_service(service: Object, related: dict[str, list[Object]]) -> Verdict:
    """Ready when it has a ready endpoint and, as a load balancer, an address."""
    reasons = []
    if needs_pods(service) and not any(_has_ready(each) for each in related.get("EndpointSlice", [])):
        reasons.append(
            "Service does not target any ready Pods: they may not be ready yet, or '.spec.selector' matches no labels"
        )
    if text(service, "spec", "type") == "LoadBalancer" and not pluck(service, "status", "loadBalancer", "ingress", 0):
        reasons.append("Service was not allocated an IP address: nothing in this cluster provides load balancers")
    return Verdict(reasons=tuple(reasons)) if reasons else READY


def backends_of(_ingress: Object) -> tuple[Watched, ...]:
    """Services and endpoint slices of the ingress's namespace."""
    return (Watched(api_version="v1", kind="Service"), Watched(api_version=_SLICES, kind="EndpointSlice"))


def judge_ingress(ingress: Object, related: dict[str, list[Object]]) -> Verdict:
    """Ready when every path's service has endpoint objects and a controller has published an address."""
    reasons = []
    aliases = {name(each) for each in related.get("Service", []) if text(each, "spec", "type") == "ExternalName"}
    served = {text(each, "metadata", "labels", _SERVICE_NAME) for each in related.get("EndpointSlice", [])}
    for where, service in _paths(ingress):
        if service not in aliases | served:
            reasons.append(f"No service with endpoints for the rule {where} -> {service!r}")
    if not pluck(ingress, "status", "loadBalancer", "ingress", 0):
        reasons.append("Ingress .status.loadBalancer is empty: no ingress controller has taken it up")
    return Verdict(reasons=tuple(reasons)) if reasons else READY


def _paths(ingress: Object) -> Iterator[tuple[str, str]]:
    for rule in pluck(ingress, "spec", "rules") or []:
        for path in pluck(rule, "http", "paths") or []:
            service = text(path, "backend", "service", "name")
            if service:
                yield f"{rule.get('host', '')}{path.get('path', '')}" or '"" (default path)', service


def _has_ready(endpoint_slice: Object) -> bool:
    # `ready` left out means that the state is unknown, which callers are to take as ready.
    return any(pluck(each, "conditions", "ready") is not False for each in endpoint_slice.get("endpoints") or [])
