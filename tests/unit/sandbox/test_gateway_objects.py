"""Rules, endpoints and conditions from Kubernetes objects."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tenantry_kubernetes.sandbox.gateway.backends import Backends, local_ports
from tenantry_kubernetes.sandbox.gateway.httproute import Cluster, intersect, read_route
from tenantry_kubernetes.sandbox.gateway.ingress import ingress_rules, is_served
from tenantry_kubernetes.sandbox.gateway.statuses import wanted_statuses
from tenantry_kubernetes.sandbox.gateway.view import View
from tenantry_vendor.sandbox.gateway.routing import Table

Object = dict[str, Any]


def meta(name: str, space: str = "shop", /, **more: object) -> Object:
    return {"name": name, "namespace": space, "uid": name, "creationTimestamp": "2026-01-01T00:00:00Z"} | more


def service(name: str = "web", namespace: str = "shop") -> Object:
    return {"metadata": meta(name, namespace), "spec": {"ports": [{"name": "http", "port": 80, "targetPort": "http"}]}}


def pod(name: str, local: int, *, ready: bool = True, **more: object) -> Object:
    annotations = {"sandbox.tenantry.dev/local-ports": json.dumps({"8080": local})}
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {"metadata": meta(name, annotations=annotations, **more), "status": {"conditions": conditions}}


def endpoint_slice(*names: str, ready: bool = True, port: str = "http") -> Object:
    endpoints = [{"conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "name": name}} for name in names]
    labels = {"kubernetes.io/service-name": "web"}
    return {
        "metadata": meta("web-abc", labels=labels),
        "ports": [{"name": port, "port": 8080}],
        "endpoints": endpoints,
    }


def keyed(*objects: Object) -> dict[tuple[str, str], Object]:
    return {(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in objects}


def found_ports(pods: list[Object], slices: list[Object], port: str | int = "http") -> list[int]:
    backends = Backends(keyed(service()), slices, keyed(*pods))
    return [each.port for each in backends.endpoints("shop", "web", port)]


def test_endpoints_are_the_local_ports_of_ready_pods() -> None:
    pods = [pod("a", 1), pod("b", 2)]
    assert found_ports(pods, [endpoint_slice("a"), endpoint_slice("b", "a")]) == [1, 2]
    assert found_ports(pods, [endpoint_slice("a")], 80) == [1]
    assert found_ports(pods, [endpoint_slice("a")], 81) == []
    assert found_ports(pods, [endpoint_slice("a", port="other")]) == []
    assert found_ports(pods, [endpoint_slice("a", ready=False)]) == []
    assert found_ports([], [endpoint_slice("a")]) == []


def test_pods_on_their_way_out_get_nothing_before_the_slice_says_so() -> None:
    leaving = pod("a", 1, deletionTimestamp="2026-01-01T00:00:00Z")
    assert found_ports([leaving, pod("b", 2, ready=False)], [endpoint_slice("a", "b")]) == []


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"8080": "x"}'])
def test_a_broken_annotation_gives_no_ports(text: str) -> None:
    assert local_ports({"metadata": {"annotations": {"sandbox.tenantry.dev/local-ports": text}}}) == {}


def ingress(name: str = "web", host: str = "a.example", **spec: object) -> Object:
    backend = {"service": {"name": "web", "port": {"name": "http"}}}
    paths = [
        {"path": "/", "pathType": "Prefix", "backend": backend},
        {"path": "/exact", "pathType": "Exact", "backend": {"service": {"name": "web", "port": {"number": 80}}}},
        {"path": "/own", "pathType": "ImplementationSpecific", "backend": {"resource": {"kind": "X", "name": "x"}}},
    ]
    rules = [{"host": host, "http": {"paths": paths}}]
    return {"metadata": meta(name), "spec": {"ingressClassName": "tenantry-sandbox", "rules": rules} | spec}


def test_ingress_rules() -> None:
    table = Table(ingress_rules(ingress()))

    def key(path: str) -> str:
        rule = table.match("a.example", path, "GET", {})
        assert rule is not None
        return rule.backends[0].key

    assert key("/x") == "shop/web:http"
    assert key("/exact") == "shop/web:80"
    assert key("/exact/x") == "shop/web:http"
    assert key("/own/x") == ""
    assert table.match("b.example", "/", "GET", {}) is None


def test_default_backend_answers_what_no_rule_of_the_ingress_does() -> None:
    backend = {"service": {"name": "rest", "port": {"number": 80}}}
    given = ingress(defaultBackend=backend)
    given["spec"]["rules"][0]["http"]["paths"] = given["spec"]["rules"][0]["http"]["paths"][1:2]
    table = Table(ingress_rules(given))
    for host, path in (("a.example", "/other"), ("b.example", "/")):
        rule = table.match(host, path, "GET", {})
        assert rule is not None
        assert rule.backends[0].key == "shop/rest:80"


def test_only_ingresses_of_the_class_are_served() -> None:
    assert is_served(ingress(), {"tenantry-sandbox"})
    assert not is_served(ingress(ingressClassName="nginx"), {"tenantry-sandbox"})
    legacy = ingress(ingressClassName=None)
    legacy["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "tenantry-sandbox"}
    assert is_served(legacy, {"tenantry-sandbox"})


GATEWAY: Object = {
    "metadata": meta("gateway", "infra", generation=1),
    "spec": {
        "gatewayClassName": "tenantry-sandbox",
        "listeners": [
            {"name": "http", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "All"}}},
            {"name": "own", "protocol": "HTTP", "port": 81},
            {
                "name": "wild",
                "protocol": "HTTP",
                "port": 82,
                "hostname": "*.wild.example",
                "allowedRoutes": {"namespaces": {"from": "All"}},
            },
        ],
    },
}


def route(parent: Object | None = None, **spec: object) -> Object:
    rules = [{"backendRefs": [{"name": "web", "port": 80}]}]
    parents = [{"name": "gateway", "namespace": "infra"} | (parent or {"sectionName": "http"})]
    whole = {"parentRefs": parents, "hostnames": ["a.example"], "rules": rules} | spec
    return {"metadata": meta("web", generation=3), "spec": whole}


def read(given: Object, grants: list[Object] | None = None) -> tuple[list[str], str, str]:
    """Hosts and paths of its rules, and the reasons of both conditions at the first parent."""
    backends = Backends(keyed(service(), service("other", "else")), [], {})
    result = read_route(given, Cluster({("infra", "gateway"): GATEWAY}, backends, grants or []))
    reasons = (result.parents[0].accepted.reason, result.parents[0].resolved.reason) if result.parents else ("", "")
    return [f"{rule.host}{rule.path}" for rule in result.rules], *reasons


def test_route_is_attached_to_its_gateway() -> None:
    assert read(route()) == (["a.example/"], "Accepted", "ResolvedRefs")
    assert read(route({"name": "another"})) == ([], "", "")
    assert read(route({"sectionName": "none"}))[:2] == ([], "NoMatchingParent")
    assert read(route({"sectionName": "own"}))[:2] == ([], "NotAllowedByListeners")
    assert read(route({"sectionName": "wild"}))[:2] == ([], "NoMatchingListenerHostname")
    assert read(route({"sectionName": "wild"}, hostnames=None))[0] == ["*.wild.example/"]
    assert read(route({"sectionName": "wild"}, hostnames=["x.wild.example"]))[0] == ["x.wild.example/"]


@pytest.mark.parametrize(
    ("host", "other", "both"),
    [
        ("", "", ""),
        ("a.b", "", "a.b"),
        ("", "*.b", "*.b"),
        ("a.b", "*.b", "a.b"),
        ("*.b", "a.b", "a.b"),
        ("*.a.b", "*.b", "*.a.b"),
        ("b", "*.b", None),
        ("a.b", "a.c", None),
        ("xb", "*.b", None),
    ],
)
def test_hostnames_are_narrowed(host: str, other: str, both: str | None) -> None:
    assert intersect(host, other) == both


@pytest.mark.parametrize(
    "rule",
    [
        {"filters": [{"type": "URLRewrite"}]},
        {"timeouts": {"request": "1s"}},
        {"matches": [{"path": {"type": "RegularExpression", "value": "/.*"}}]},
        {"matches": [{"queryParams": [{"name": "x", "value": "1"}]}]},
        {"matches": [{"headers": [{"type": "RegularExpression", "name": "x", "value": "1"}]}]},
        {"backendRefs": [{"name": "web", "port": 80, "filters": [{"type": "URLRewrite"}]}]},
    ],
)
def test_what_is_not_implemented_is_refused(rule: Object) -> None:
    assert read(route(rules=[rule]))[:2] == ([], "UnsupportedValue")


def test_references_are_checked() -> None:
    def resolved(**reference: object) -> str:
        return read(route(rules=[{"backendRefs": [{"name": "web", "port": 80} | reference]}]))[2]

    assert resolved(name="none") == "BackendNotFound"
    assert resolved(port=81) == "BackendNotFound"
    assert resolved(kind="Bucket") == "InvalidKind"
    assert resolved(namespace="else", name="other") == "RefNotPermitted"
    grant = {
        "metadata": meta("g", "else"),
        "spec": {"from": [{"kind": "HTTPRoute", "namespace": "shop"}], "to": [{"kind": "Service"}]},
    }
    other = route(rules=[{"backendRefs": [{"name": "other", "namespace": "else", "port": 80}]}])
    assert read(other, [grant]) == (["a.example/"], "Accepted", "ResolvedRefs")


def test_matches_weights_and_methods_become_rules() -> None:
    matches = [
        {"path": {"type": "Exact", "value": "/one"}, "method": "POST"},
        {"headers": [{"name": "X-Version", "value": "2"}]},
    ]
    references = [{"name": "web", "port": 80, "weight": 3}, {"name": "none", "port": 80}]
    given = route(rules=[{"matches": matches, "backendRefs": references}])
    backends = Backends(keyed(service()), [], {})
    rules = read_route(given, Cluster({("infra", "gateway"): GATEWAY}, backends)).rules
    assert [(each.path, each.exact, each.method, each.headers) for each in rules] == [
        ("/one", True, "POST", ()),
        ("/", False, "", (("x-version", "2"),)),
    ]
    assert [(each.key, each.weight) for each in rules[0].backends] == [("shop/web:80", 3), ("", 1)]


def view() -> View:
    made = View()
    controller = "sandbox.tenantry.dev/gateway"
    made.put("ingress_classes", {"metadata": {"name": "tenantry-sandbox"}, "spec": {"controller": controller}})
    made.put("gateway_classes", {"metadata": {"name": "tenantry-sandbox"}, "spec": {"controllerName": controller}})
    made.put("services", service())
    made.put("slices", endpoint_slice("a"))
    made.put("pods", pod("a", 20001))
    made.put("gateways", GATEWAY)
    made.put("routes", route(hostnames=["r.example"]))
    made.put("ingresses", ingress(tls=[{"hosts": ["a.example"], "secretName": "tls"}]))
    data = {"tls.crt": base64.b64encode(b"C").decode(), "tls.key": base64.b64encode(b"K").decode()}
    made.put("secrets", {"metadata": meta("tls"), "data": data})
    return made


def test_a_view_gives_rules_endpoints_and_certificates() -> None:
    outcome = view().derive()
    assert {rule.host for rule in outcome.rules} == {"a.example", "r.example"}
    assert {key: [each.port for each in found] for key, found in outcome.endpoints.items()} == {
        "shop/web:http": [20001],
        "shop/web:80": [20001],
    }
    assert outcome.certificates == {"a.example": (b"C", b"K")}


def test_statuses_are_wanted_once() -> None:
    made = view()
    addresses = {"127.0.0.1": ""}
    for kind, each, status in list(wanted_statuses(made.derive(), addresses, (80, 443))):
        name = {"Ingress": "ingresses", "Gateway": "gateways", "HTTPRoute": "routes", "GatewayClass": "gateway_classes"}
        made.put(name[kind.kind], each | {"status": status})
    for _, each, status in wanted_statuses(made.derive(), addresses, (80, 443)):
        assert {key: each["status"].get(key) for key in status} == status


def test_conditions_of_other_controllers_stay() -> None:
    made = view()
    theirs = {"controllerName": "other.example/x", "parentRef": {"name": "theirs"}, "conditions": []}
    given = route()
    given["status"] = {"parents": [theirs]}
    made.put("routes", given)
    statuses = {kind.kind: status for kind, _, status in wanted_statuses(made.derive(), {}, (80, 443))}
    assert statuses["HTTPRoute"]["parents"][0] == theirs
    assert statuses["HTTPRoute"]["parents"][1]["controllerName"] == "sandbox.tenantry.dev/gateway"
    listeners = {each["name"]: each["attachedRoutes"] for each in statuses["Gateway"]["listeners"]}
    assert listeners == {"http": 1, "own": 0, "wild": 0}
