from __future__ import annotations

import json

import pytest

from tenantry_kubernetes.client import requests
from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import BUILT_IN, Kind

POD = BUILT_IN["v1", "Pod"]
NAMESPACE = BUILT_IN["v1", "Namespace"]
ROUTE = Kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes")


def test_paths() -> None:
    assert POD.path() == "/api/v1/pods"
    assert POD.path("a", "b", "log") == "/api/v1/namespaces/a/pods/b/log"
    assert NAMESPACE.path(None, "a") == "/api/v1/namespaces/a"
    assert NAMESPACE.path("ignored", "a") == "/api/v1/namespaces/a"
    assert ROUTE.path("a", "b") == "/apis/gateway.networking.k8s.io/v1/namespaces/a/httproutes/b"
    assert (ROUTE.api_version, POD.api_version) == ("gateway.networking.k8s.io/v1", "v1")


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_names_that_would_leave_the_path(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        POD.path("a", name)


def test_names_are_quoted() -> None:
    assert POD.path("a", "../../secrets").endswith("/pods/..%2F..%2Fsecrets")


def test_a_name_needs_its_namespace() -> None:
    with pytest.raises(ValueError, match="needs a namespace"):
        POD.path(None, "b")


def test_apply() -> None:
    request = requests.apply(POD, "a", "b", {"kind": "Pod"}, manager="me", force=True, dry_run=True)
    assert (request.method, request.content_type) == ("PATCH", "application/apply-patch+yaml")
    assert request.params["dryRun"] == "All"
    assert (request.params["force"], request.params["fieldManager"]) == ("true", "me")
    assert json.loads(request.body or b"") == {"kind": "Pod"}


def test_what_may_be_repeated() -> None:
    assert requests.get(POD, "a", "b").repeatable
    assert requests.apply(POD, "a", "b", {}, manager="m", force=False, dry_run=False).repeatable
    assert requests.delete(POD, "a", "b", propagation="Foreground", uid="", grace_seconds=None).repeatable
    assert requests.create(POD, "a", {}, manager="m", dry_run=True).repeatable
    assert not requests.create(POD, "a", {}, manager="m", dry_run=False).repeatable
    assert not requests.replace(POD, "a", "b", {}).repeatable
    appended = requests.patch(POD, "a", "b", [], form="json", subresource=None, manager="m")
    assert not appended.repeatable


def test_delete_guards_its_object() -> None:
    request = requests.delete(POD, "a", "b", propagation="Background", uid="u", grace_seconds=0)
    body = json.loads(request.body or b"")
    assert body["preconditions"] == {"uid": "u"}
    assert (body["propagationPolicy"], body["gracePeriodSeconds"]) == ("Background", 0)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500])
def test_final_answers(status: int) -> None:
    assert requests.wait_before_repeat(status, None, 1) is None


@pytest.mark.parametrize("status", [0, 429, 503, 504])
def test_passing_answers(status: int) -> None:
    waits = [requests.wait_before_repeat(status, None, attempt) for attempt in range(1, 12)]
    assert all(wait is not None and 0 < wait <= 10 for wait in waits)


def test_the_server_says_when() -> None:
    assert requests.wait_before_repeat(429, "3", 1) == 3
    assert requests.wait_before_repeat(429, "3600", 1) == 10
    assert requests.wait_before_repeat(200, "3", 1) is None


def test_a_status_object_becomes_an_error() -> None:
    status = {
        "kind": "Status",
        "message": 'pods "b" is forbidden: violates PodSecurity',
        "reason": "Forbidden",
        "details": {"kind": "pods", "name": "b"},
        "code": 403,
    }
    with pytest.raises(KubernetesError, match="violates PodSecurity") as caught:
        requests.decode(403, json.dumps(status).encode())
    error = caught.value
    assert (error.status, error.reason, error.vendor_code) == (403, "Forbidden", "Forbidden")
    assert error.details["kind"] == "pods"
    assert error.hint
    assert error.to_json()["vendor_code"] == "Forbidden"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [(502, b"<html>bad gateway", "bad gateway"), (500, b"", "HTTP status 500"), (200, b"[]", "not a JSON object")],
)
def test_answers_that_are_no_status(status: int, body: bytes, words: str) -> None:
    with pytest.raises(KubernetesError, match=words):
        requests.decode(status, body)


def test_kinds_of_errors() -> None:
    assert KubernetesError("", status=404).not_found
    assert KubernetesError("", status=409, reason="AlreadyExists").already_exists
    assert not KubernetesError("", status=409, reason="Conflict").already_exists
    assert KubernetesError("", status=410).gone
    assert KubernetesError("", status=500).passing
    assert not KubernetesError("", status=403).passing


def test_built_in_kinds() -> None:
    assert BUILT_IN["apps/v1", "Deployment"] == Kind("apps", "v1", "Deployment", "deployments")
    assert not BUILT_IN["v1", "Node"].namespaced
    assert BUILT_IN["networking.k8s.io/v1", "Ingress"].plural == "ingresses"
    assert not BUILT_IN["networking.k8s.io/v1", "IngressClass"].namespaced
