"""What the gateway knows of the cluster, and what follows from it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.sandbox.bootstrap import GATEWAY, GATEWAY_CLASS, HTTP_ROUTE, REFERENCE_GRANT
from tenantry_kubernetes.sandbox.gateway.backends import Backends, backend_key
from tenantry_kubernetes.sandbox.gateway.httproute import Cluster, RouteResult, is_granted, read_route
from tenantry_kubernetes.sandbox.gateway.ingress import (
    ingress_rules,
    ingress_secrets,
    ingress_services,
    is_served,
)
from tenantry_kubernetes.sandbox.layout import CONTROLLER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry_kubernetes.client.kinds import Kind
    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.sandbox.gateway.services import Address
    from tenantry_vendor.sandbox.gateway.proxy import Endpoint
    from tenantry_vendor.sandbox.gateway.routing import Rule

KINDS: Final[dict[str, Kind]] = {
    "ingresses": BUILT_IN["networking.k8s.io/v1", "Ingress"],
    "ingress_classes": BUILT_IN["networking.k8s.io/v1", "IngressClass"],
    "gateway_classes": GATEWAY_CLASS,
    "gateways": GATEWAY,
    "routes": HTTP_ROUTE,
    "grants": REFERENCE_GRANT,
    "services": BUILT_IN["v1", "Service"],
    "slices": BUILT_IN["discovery.k8s.io/v1", "EndpointSlice"],
    "pods": BUILT_IN["v1", "Pod"],
    "secrets": BUILT_IN["v1", "Secret"],
}
"""What the gateway watches; field selectors are in `FIELDS`."""

FIELDS: Final = {"secrets": "type=kubernetes.io/tls"}


@dataclass(slots=True, kw_only=True)
class Outcome:
    """Everything that follows from one view of the cluster."""

    rules: list[Rule] = field(default_factory=list)
    endpoints: dict[str, tuple[Endpoint, ...]] = field(default_factory=dict)
    services: dict[Address, tuple[Endpoint, ...]] = field(default_factory=dict)
    certificates: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    ingresses: list[Object] = field(default_factory=list)
    gateways: list[Object] = field(default_factory=list)
    gateway_classes: list[Object] = field(default_factory=list)
    routes: list[tuple[Object, RouteResult]] = field(default_factory=list)


class View:
    """The watched objects by kind, namespace and name."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[tuple[str, str], Object]] = {name: {} for name in KINDS}

    def put(self, name: str, each: Object) -> None:
        """Takes a new or changed object."""
        self.objects[name][_key(each)] = each

    def drop(self, name: str, each: Object) -> None:
        """Forgets an object."""
        self.objects[name].pop(_key(each), None)

    def derive(self) -> Outcome:
        """What follows from the objects as they are now."""
        at = self.objects
        outcome = Outcome()
        backends = Backends(at["services"], at["slices"].values(), at["pods"])
        services: set[tuple[str, str, str | int]] = set()
        classes = {
            name for (_, name), each in at["ingress_classes"].items() if each["spec"].get("controller") == CONTROLLER
        }
        secrets: dict[str, tuple[str, str]] = {}
        for ingress in at["ingresses"].values():
            if is_served(ingress, classes):
                outcome.ingresses.append(ingress)
                outcome.rules += ingress_rules(ingress)
                services.update(ingress_services(ingress))
                secrets.update(ingress_secrets(ingress))
        outcome.gateway_classes = [
            each for each in at["gateway_classes"].values() if each["spec"].get("controllerName") == CONTROLLER
        ]
        ours = {each["metadata"]["name"] for each in outcome.gateway_classes}
        gateways = {key: each for key, each in at["gateways"].items() if each["spec"]["gatewayClassName"] in ours}
        outcome.gateways = list(gateways.values())
        grants = list(at["grants"].values())
        for gateway in outcome.gateways:
            secrets.update(_listener_secrets(gateway, grants))
        cluster = Cluster(gateways, backends, grants)
        for route in at["routes"].values():
            result = read_route(route, cluster)
            if result.parents:
                outcome.routes.append((route, result))
                outcome.rules += result.rules
                services.update(result.services)
        outcome.endpoints = {backend_key(*each): backends.endpoints(*each) for each in services}
        outcome.services = dict(backends.addresses())
        outcome.certificates = dict(self._certificates(secrets))
        return outcome

    def _certificates(self, secrets: dict[str, tuple[str, str]]) -> Iterator[tuple[str, tuple[bytes, bytes]]]:
        for host, key in secrets.items():
            data: dict[str, Any] = (self.objects["secrets"].get(key) or {}).get("data") or {}
            if data.get("tls.crt") and data.get("tls.key"):
                yield host, (base64.b64decode(data["tls.crt"]), base64.b64decode(data["tls.key"]))


def _listener_secrets(gateway: Object, grants: list[Object]) -> Iterator[tuple[str, tuple[str, str]]]:
    namespace = gateway["metadata"]["namespace"]
    for listener in gateway["spec"].get("listeners") or []:
        for reference in (listener.get("tls") or {}).get("certificateRefs") or []:
            target = reference.get("namespace") or namespace
            granted = is_granted(
                grants,
                kind="Gateway",
                source=namespace,
                to_kind="Secret",
                target=target,
                name=reference["name"],
            )
            if listener.get("hostname") and (target == namespace or granted):
                yield listener["hostname"].lower(), (target, reference["name"])


def _key(each: Object) -> tuple[str, str]:
    metadata = each["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
