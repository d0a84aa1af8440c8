"""Rules from Ingresses, as their specification says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.sandbox.gateway.backends import backend_key
from tenantry_vendor.sandbox.gateway.routing import Backend, Rule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tenantry_kubernetes.client.requests import Object

_LEGACY_CLASS: Final = "kubernetes.io/ingress.class"


def is_served(ingress: Object, classes: Collection[str]) -> bool:
    """Whether the Ingress is of one of these classes."""
    legacy = (ingress["metadata"].get("annotations") or {}).get(_LEGACY_CLASS)
    return (ingress["spec"].get("ingressClassName") or legacy) in classes


def ingress_rules(ingress: Object) -> Iterator[Rule]:
    """The rules of one Ingress."""
    metadata, spec = ingress["metadata"], ingress["spec"]
    namespace = metadata["namespace"]
    source = f"Ingress {namespace}/{metadata['name']}"
    age = (metadata.get("creationTimestamp", ""), namespace, metadata["name"])
    hosts: set[str] = set()
    for rule in spec.get("rules") or []:
        host = (rule.get("host") or "").lower()
        hosts.add(host)
        for path in (rule.get("http") or {}).get("paths") or []:
            yield Rule(
                host=host,
                path=path.get("path") or "/",
                exact=path.get("pathType") == "Exact",
                backends=(_backend(namespace, path["backend"]),),
                source=source,
                age=age,
            )
    if spec.get("defaultBackend"):
        for host in hosts | {""}:
            yield Rule(
                host=host,
                path="/",
                exact=False,
                backends=(_backend(namespace, spec["defaultBackend"]),),
                source=source,
                age=age,
                fallback=True,
            )


def _backend(namespace: str, backend: Object) -> Backend:
    service = backend.get("service")
    if service is None:
        # A resource backend: only the controller that invented the resource knows what it means.
        return Backend("")
    port = service["port"]
    return Backend(backend_key(namespace, service["name"], port.get("name") or port["number"]))


def ingress_services(ingress: Object) -> Iterator[tuple[str, str, str | int]]:
    """Namespace, name and port of every Service that the Ingress names."""
    namespace, spec = ingress["metadata"]["namespace"], ingress["spec"]
    backends = [
        path["backend"] for rule in spec.get("rules") or [] for path in (rule.get("http") or {}).get("paths", [])
    ]
    for backend in [*backends, spec.get("defaultBackend") or {}]:
        if "service" in backend:
            port = backend["service"]["port"]
            yield namespace, backend["service"]["name"], port.get("name") or port["number"]


def ingress_secrets(ingress: Object) -> Iterator[tuple[str, tuple[str, str]]]:
    """Pairs of host and Secret (namespace and name) of the Ingress's TLS section."""
    namespace = ingress["metadata"]["namespace"]
    for entry in ingress["spec"].get("tls") or []:
        if entry.get("secretName"):
            for host in entry.get("hosts") or []:
                yield host.lower(), (namespace, entry["secretName"])
