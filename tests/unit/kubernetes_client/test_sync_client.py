from __future__ import annotations

import httpx
import pytest

from tenantry_kubernetes.client import requests
from tenantry_kubernetes.client.errors import KubernetesError, UnreachableError
from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.client.kubeconfig import Access
from tenantry_kubernetes.client.sync import Kubernetes

CONFIG_MAP = BUILT_IN["v1", "ConfigMap"]


def client(handler: object) -> Kubernetes:
    assert callable(handler)
    return Kubernetes(Access(server="http://127.0.0.1:1"), httpx.MockTransport(handler))


def test_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "wait_before_repeat", lambda status, _after, _n: 0.0 if status == 503 else None)
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url.path}")
        if len(seen) == 1:
            return httpx.Response(503)
        if request.url.path == "/readyz":
            return httpx.Response(500)
        if request.url.path.endswith("/log"):
            return httpx.Response(200, text="one\ntwo\n")
        if request.url.path == "/api/v1/namespaces/a/configmaps" and request.method == "GET":
            return httpx.Response(200, json={"metadata": {}, "items": [{"metadata": {"name": "x"}}]})
        return httpx.Response(200, json={"metadata": {"name": "x"}})

    with client(handler) as kubernetes:
        assert kubernetes.get(CONFIG_MAP, "a", "x")["metadata"]["name"] == "x"
        assert kubernetes.list_objects(CONFIG_MAP, "a")[0]["kind"] == "ConfigMap"
        kubernetes.create(CONFIG_MAP, "a", {})
        kubernetes.apply(CONFIG_MAP, "a", "x", {})
        kubernetes.patch(CONFIG_MAP, "a", "x", {}, subresource="status")
        kubernetes.delete(CONFIG_MAP, "a", "x")
        assert list(kubernetes.logs("a", "p")) == ["one", "two"]
        assert not kubernetes.ready()
    one = "/api/v1/namespaces/a/configmaps/x"
    assert seen[:2] == [f"GET {one}", f"GET {one}"]
    assert f"PATCH {one}/status" in seen
    assert f"DELETE {one}" in seen


def test_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "wait_before_repeat", lambda *_: None)

    def handler(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with client(handler) as kubernetes:
        assert not kubernetes.ready()
        with pytest.raises(UnreachableError, match="refused"):
            kubernetes.get(CONFIG_MAP, "a", "x")


def test_kinds_that_are_not_served() -> None:
    with client(lambda _: httpx.Response(404)) as kubernetes, pytest.raises(KubernetesError, match="does not serve"):
        kubernetes.resolve("x.example/v1", "Widget")
