from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

import httpx
import pytest

from tenantry_kubernetes.client import follow as follow_module
from tenantry_kubernetes.client import requests
from tenantry_kubernetes.client.aio import AsyncKubernetes
from tenantry_kubernetes.client.errors import KubernetesError, UnreachableError
from tenantry_kubernetes.client.kinds import BUILT_IN, Kind
from tenantry_kubernetes.client.kubeconfig import Access

CONFIG_MAP = BUILT_IN["v1", "ConfigMap"]
ACCESS = Access(server="http://127.0.0.1:1", token="t")

T = TypeVar("T")

Handler = Callable[[httpx.Request], httpx.Response]


def run(handler: Handler, work: Callable[[AsyncKubernetes], Coroutine[Any, Any, T]]) -> T:
    async def inside() -> T:
        async with AsyncKubernetes(ACCESS, httpx.MockTransport(handler)) as client:
            return await work(client)

    return asyncio.run(asyncio.wait_for(inside(), 10))


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "wait_before_repeat", _instant(requests.wait_before_repeat))
    monkeypatch.setattr(follow_module, "_WAIT", 0.0)


def _instant(real: Callable[[int, str | None, int], float | None]) -> Callable[[int, str | None, int], float | None]:
    return lambda status, after, attempt: None if real(status, after, attempt) is None else 0.0


def status(code: int, reason: str, message: str = "no") -> httpx.Response:
    return httpx.Response(code, json={"kind": "Status", "code": code, "reason": reason, "message": message})


def config_map(name: str, version: str, **data: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "a", "uid": f"uid-{name}", "resourceVersion": version},
        "data": data,
    }


def listing(version: str, *items: dict[str, Any], more: str = "") -> httpx.Response:
    return httpx.Response(200, json={"metadata": {"resourceVersion": version, "continue": more}, "items": list(items)})


def change(kind: str, each: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": each}, ensure_ascii=False).encode() + b"\n"


class Pieces(httpx.AsyncByteStream):
    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


def test_busy_servers_are_asked_again() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return status(429, "TooManyRequests") if len(seen) < 3 else httpx.Response(200, json=config_map("x", "1"))

    assert run(handler, lambda c: c.get(CONFIG_MAP, "a", "x"))["metadata"]["name"] == "x"
    assert seen == ["Bearer t"] * 3


def test_a_create_is_sent_once() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        return status(429, "TooManyRequests")

    with pytest.raises(KubernetesError):
        run(handler, lambda c: c.create(CONFIG_MAP, "a", {}))
    assert seen == ["POST"]


@pytest.mark.parametrize(("repeatable", "attempts"), [(True, requests.ATTEMPTS), (False, 1)])
def test_broken_connections(repeatable: bool, attempts: int) -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        raise httpx.ReadError("reset")

    request = requests.Request(method="GET", path="/x", repeatable=repeatable)
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1 cannot be reached: reset") as caught:
        run(handler, lambda c: c.send(request))
    assert len(seen) == attempts
    assert caught.value.passing


def test_lists_come_in_pages_and_know_their_kind() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if "continue" in request.url.params:
            return listing("7", config_map("y", "2"))
        return listing("7", config_map("x", "1"), more="next")

    found = run(handler, lambda c: c.list_objects(CONFIG_MAP, "a", labels="l=1"))
    assert [each["metadata"]["name"] for each in found] == ["x", "y"]
    assert {(each["apiVersion"], each["kind"]) for each in found} == {("v1", "ConfigMap")}


def test_discovery_is_asked_once_and_again_for_what_was_missing() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        if len(seen) == 1:
            return status(404, "NotFound")
        resources = [
            {"name": "widgets", "kind": "Widget", "namespaced": True},
            {"name": "widgets/status", "kind": "Widget", "namespaced": True},
        ]
        return httpx.Response(200, json={"groupVersion": "x.example/v1", "resources": resources})

    async def work(client: AsyncKubernetes) -> list[Kind]:
        with pytest.raises(KubernetesError, match=r"does not serve the kind Widget in x\.example/v1") as caught:
            await client.resolve("x.example/v1", "Widget")
        assert caught.value.reason == "NoMatch"
        return await asyncio.gather(*(client.resolve("x.example/v1", "Widget") for _ in range(5)))

    found = run(handler, work)
    assert set(found) == {Kind("x.example", "v1", "Widget", "widgets")}
    assert seen == ["/apis/x.example/v1"] * 2


def test_built_in_kinds_need_no_discovery() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    assert run(handler, lambda c: c.resolve("v1", "Pod")) == BUILT_IN["v1", "Pod"]


async def collect(client: AsyncKubernetes, count: int, patience: float | None = None) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    async with aclosing(client.follow(CONFIG_MAP, "a", patience=patience)) as events:
        async for event in events:
            found.append((event.type, event.object.get("metadata", {}).get("name", "")))
            if len(found) == count:
                return found
    return found


def test_following_goes_on_where_it_broke() -> None:
    watches: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("watch") != "true":
            return listing("5", config_map("x", "1"))
        watches.append(request.url.params["resourceVersion"])
        if len(watches) == 1:
            half = change("MODIFIED", config_map("x", "6", text="a\u2028b"))
            bookmark = change("BOOKMARK", {"metadata": {"resourceVersion": "9"}})
            return httpx.Response(200, stream=Pieces(half[:20], half[20:], bookmark, httpx.ReadError("reset")))
        return httpx.Response(200, stream=Pieces(change("DELETED", config_map("x", "10"))))

    found = run(handler, lambda c: collect(c, 4))
    assert found == [("ADDED", "x"), ("SYNCED", ""), ("MODIFIED", "x"), ("DELETED", "x")]
    assert watches == ["5", "9"]


@pytest.mark.parametrize("how", ["answer", "event"])
def test_what_was_missed_is_found_by_reading_anew(how: str) -> None:
    lists = iter([listing("5", config_map("x", "1"), config_map("y", "1")), listing("9", config_map("y", "8"))])

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("watch") != "true":
            return next(lists)
        if how == "answer":
            return status(410, "Expired")
        gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
        return httpx.Response(200, stream=Pieces(change("ERROR", gone)))

    found = run(handler, lambda c: collect(c, 6))
    assert found[:3] == [("ADDED", "x"), ("ADDED", "y"), ("SYNCED", "")]
    assert found[3:] == [("MODIFIED", "y"), ("DELETED", "x"), ("SYNCED", "")]


def test_patience_ends() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(UnreachableError):
        run(handler, lambda c: collect(c, 1, patience=0.0))


def test_a_refusal_ends_following_at_once() -> None:
    with pytest.raises(KubernetesError, match="may not list"):
        run(lambda _: status(403, "Forbidden", "may not list"), lambda c: collect(c, 1))


def test_logs_are_lines() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert dict(request.url.params) == {"follow": "false", "container": "c", "tailLines": "2"}
        return httpx.Response(200, stream=Pieces(b"one\ntw", b"o\nlast"))

    async def work(client: AsyncKubernetes) -> list[str]:
        return [line async for line in client.logs("a", "p", container="c", tail=2)]

    assert run(handler, work) == ["one", "two", "last"]
