"""Rules and conditions from HTTPRoutes, as the Gateway API says. What is not implemented is refused, never ignored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tenantry_kubernetes.sandbox.gateway.backends import backend_key
from tenantry_vendor.sandbox.gateway.routing import Backend, Rule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.sandbox.gateway.backends import Backends

_GROUP: Final = "gateway.networking.k8s.io"
_PATH_TYPES: Final = frozenset({"PathPrefix", "Exact"})
_RULE_FIELDS: Final = frozenset({"name", "matches", "backendRefs", "filters"})
_MATCH_FIELDS: Final = frozenset({"path", "headers", "method"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """A condition: whether it holds, its reason and a message."""

    holds: bool
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class ParentResult:
    """What becomes of a route at one of its parents."""

    parent: Object
    accepted: Verdict
    resolved: Verdict


@dataclass(slots=True)
class RouteResult:
    """The rules of a route and what is to be said about each of the parents that are ours."""

    rules: list[Rule] = field(default_factory=list)
    parents: list[ParentResult] = field(default_factory=list)
    services: list[tuple[str, str, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a route may refer to: our Gateways by namespace and name, Services, and grants between namespaces."""

    gateways: Mapping[tuple[str, str], Object]
    backends: Backends
    grants: Iterable[Object] = ()


def read_route(route: Object, cluster: Cluster) -> RouteResult:
    """Rules and conditions of one HTTPRoute."""
    result = RouteResult()
    spec, namespace = route["spec"], route["metadata"]["namespace"]
    unsupported = next(iter(_unsupported(spec)), "")
    resolved = _resolve(spec, namespace, cluster)
    hosts: set[str] = set()
    for parent in spec.get("parentRefs") or []:
        gateway = _gateway(parent, namespace, cluster.gateways)
        if gateway is None:
            continue
        attached, accepted = _attach(parent, spec, namespace, gateway)
        if accepted.holds and unsupported:
            accepted = Verdict(holds=False, reason="UnsupportedValue", message=unsupported)
        if accepted.holds:
            hosts |= attached
        result.parents.append(ParentResult(parent, accepted, resolved))
    if hosts:
        result.rules = list(_rules(route, hosts, cluster))
        result.services = [
            (reference.get("namespace") or namespace, reference["name"], int(reference["port"]))
            for rule in spec.get("rules") or []
            for reference in rule.get("backendRefs") or []
            if _problem(reference, namespace, cluster) is None
        ]
    return result


def _gateway(parent: Object, namespace: str, gateways: Mapping[tuple[str, str], Object]) -> Object | None:
    if parent.get("group", _GROUP) != _GROUP or parent.get("kind", "Gateway") != "Gateway":
        return None
    return gateways.get((parent.get("namespace") or namespace, parent["name"]))


def _attach(parent: Object, spec: Object, namespace: str, gateway: Object) -> tuple[set[str], Verdict]:
    """The hosts for which a route attaches to a Gateway ("" for all), and whether it is accepted."""
    asked = [
        listener
        for listener in gateway["spec"].get("listeners") or []
        if parent.get("sectionName") in {None, listener["name"]} and parent.get("port") in {None, listener["port"]}
    ]
    if not asked:
        return set(), Verdict(holds=False, reason="NoMatchingParent", message="the Gateway has no such listener")
    allowed = [each for each in asked if _allows(each, namespace, gateway["metadata"]["namespace"])]
    if not allowed:
        message = "no listener allows HTTPRoutes of this namespace"
        return set(), Verdict(holds=False, reason="NotAllowedByListeners", message=message)
    wanted = [host.lower() for host in spec.get("hostnames") or []] or [""]
    hosts = {
        both
        for listener in allowed
        for host in wanted
        if (both := intersect(host, (listener.get("hostname") or "").lower())) is not None
    }
    if not hosts:
        message = "no hostname of the route is one of the listeners'"
        return set(), Verdict(holds=False, reason="NoMatchingListenerHostname", message=message)
    return hosts, Verdict(holds=True, reason="Accepted")


def _allows(listener: Object, namespace: str, own: str) -> bool:
    if listener["protocol"] not in {"HTTP", "HTTPS"}:
        return False
    allowed = listener.get("allowedRoutes") or {}
    kinds = allowed.get("kinds") or []
    if kinds and not any(kind.get("kind") == "HTTPRoute" for kind in kinds):
        return False
    origin = (allowed.get("namespaces") or {}).get("from", "Same")
    # A selector of namespaces is not implemented: what it would allow is refused.
    return origin == "All" or (origin == "Same" and namespace == own)


def intersect(host: str, other: str) -> str | None:
    """The narrower of two hostnames, either of which may be "" or a wildcard; None where they share no name."""
    if not other or host == other:
        return host
    if not host or _covers(host, other):
        return other
    return host if _covers(other, host) else None


def _covers(wildcard: str, host: str) -> bool:
    return wildcard.startswith("*.") and host.removeprefix("*").endswith(wildcard[1:]) and host != wildcard[2:]


def _unsupported(spec: Object) -> Iterator[str]:
    for rule in spec.get("rules") or []:
        references: list[Object] = rule.get("backendRefs") or []
        if rule.get("filters") or any(reference.get("filters") for reference in references):
            yield "the sandbox's gateway implements no filters"
        for name in sorted(set(rule) - _RULE_FIELDS):
            yield f"the sandbox's gateway does not implement rules[].{name}"
        for match in rule.get("matches") or []:
            for name in sorted(set(match) - _MATCH_FIELDS):
                yield f"the sandbox's gateway does not implement matches[].{name}"
            kind = (match.get("path") or {}).get("type", "PathPrefix")
            if kind not in _PATH_TYPES:
                yield f"the sandbox's gateway does not implement paths of type {kind}"
            for header in match.get("headers") or []:
                if header.get("type", "Exact") != "Exact":
                    yield f"the sandbox's gateway does not implement headers of type {header['type']}"


def _resolve(spec: Object, namespace: str, cluster: Cluster) -> Verdict:
    for rule in spec.get("rules") or []:
        for reference in rule.get("backendRefs") or []:
            problem = _problem(reference, namespace, cluster)
            if problem is not None:
                return problem
    return Verdict(holds=True, reason="ResolvedRefs")


def _problem(reference: Object, namespace: str, cluster: Cluster) -> Verdict | None:
    if reference.get("group", "") != "" or reference.get("kind", "Service") != "Service":
        return Verdict(holds=False, reason="InvalidKind", message=f"{reference.get('kind')} is not a Service")
    target = reference.get("namespace") or namespace
    name, port = reference["name"], reference.get("port")
    granted = target == namespace or is_granted(
        cluster.grants, kind="HTTPRoute", source=namespace, to_kind="Service", target=target, name=name
    )
    if not granted:
        message = f"no ReferenceGrant lets this namespace use {target}/{name}"
        return Verdict(holds=False, reason="RefNotPermitted", message=message)
    if port is None or not cluster.backends.exists(target, name, int(port)):
        message = f"the Service {target}/{name} with port {port} does not exist"
        return Verdict(holds=False, reason="BackendNotFound", message=message)
    return None


def is_granted(grants: Iterable[Object], *, kind: str, source: str, to_kind: str, target: str, name: str) -> bool:
    """Whether a ReferenceGrant in namespace `target` lets objects of `kind` in `source` use this object."""
    for grant in grants:
        spec = grant["spec"]
        if grant["metadata"]["namespace"] != target:
            continue
        comes = any(each["kind"] == kind and each["namespace"] == source for each in spec.get("from") or [])
        goes = any(each["kind"] == to_kind and each.get("name") in {None, name} for each in spec.get("to") or [])
        if comes and goes:
            return True
    return False


def _rules(route: Object, hosts: Collection[str], cluster: Cluster) -> Iterator[Rule]:
    metadata = route["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    anything: dict[str, Any] = {"path": {"type": "PathPrefix", "value": "/"}}
    for index, rule in enumerate(route["spec"].get("rules") or []):
        backends = tuple(_backend(reference, namespace, cluster) for reference in rule.get("backendRefs") or [])
        for order, match in enumerate(rule.get("matches") or [anything]):
            path = match.get("path") or anything["path"]
            for host in hosts:
                yield Rule(
                    host=host,
                    path=path.get("value") or "/",
                    exact=path.get("type") == "Exact",
                    method=match.get("method") or "",
                    headers=tuple((each["name"].lower(), each["value"]) for each in match.get("headers") or []),
                    backends=backends,
                    source=f"HTTPRoute {namespace}/{name}",
                    age=(metadata.get("creationTimestamp", ""), namespace, name, f"{index:04}", f"{order:04}"),
                    deep=True,
                )


def _backend(reference: Object, namespace: str, cluster: Cluster) -> Backend:
    weight = int(reference.get("weight", 1))
    if _problem(reference, namespace, cluster) is not None:
        return Backend("", weight)
    return Backend(backend_key(reference.get("namespace") or namespace, reference["name"], reference["port"]), weight)
