"""Services by name: what names become, and who answers behind them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import Any

import pytest

from tenantry.contract.sandbox import loopback_address
from tenantry_kubernetes.sandbox.gateway.backends import Backends
from tenantry_kubernetes.sandbox.gateway.services import ServiceProxy
from tenantry_kubernetes.sandbox.node.environment import local_address
from tenantry_kubernetes.sandbox.node.names import REALM, local_names, service_port
from tenantry_vendor.sandbox.gateway.proxy import Endpoint

ORDERS = loopback_address("orders.shop.svc")


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("orders.shop.svc", ORDERS),
        ("orders.shop.svc.cluster.local", ORDERS),
        ("orders.shop.svc.cluster.local.", ORDERS),
        ("orders.shop.svc:5432", f"{ORDERS}:5432"),
        (
            "postgresql://a:p%40w@orders.shop.svc:5432/orders?sslmode=verify-ca&x=orders.shop.svc",
            f"postgresql://a:p%40w@{ORDERS}:5432/orders?sslmode=verify-ca&x={ORDERS}",
        ),
        ("http://orders.shop.svc/tasks", f"http://{ORDERS}:30080/tasks"),
        ("https://u:p@orders.shop.svc/", f"https://u:p@{ORDERS}:30443/"),
        ("http://orders.shop.svc:80/", f"http://{ORDERS}:30080/"),
        ("http://orders.shop.svc:7070", f"http://{ORDERS}:7070"),
        ("--peer=orders.shop.svc,media.shop.svc", f"--peer={ORDERS},{loopback_address('media.shop.svc')}"),
    ],
)
def test_names_of_services_become_their_addresses(text: str, local: str) -> None:
    assert local_names(text) == local


@pytest.mark.parametrize(
    "text",
    ["orders", "shop.svc", "orders-0.orders.shop.svc", "orders.shop.svc.example.com", "orders.shop.svcs", "a.svc"],
)
def test_other_names_stay(text: str) -> None:
    assert local_names(text) == text


def test_services_of_two_sandboxes_have_addresses_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = set()
    for folder in ("/one/.tenantry/sandbox/kubernetes", "/other/.tenantry/sandbox/kubernetes"):
        monkeypatch.setenv(REALM, folder)
        addresses.add(local_names("orders.shop.svc"))
    assert len(addresses) == 2


def test_a_port_of_every_interface_becomes_the_local_one() -> None:
    assert local_address(":7070", {7070: 20001}) == "127.0.0.1:20001"
    assert [local_address(each, {7070: 20001}) for each in (":7071", "7070", ":x", "")] == [":7071", "7070", ":x", ""]


def meta(name: str) -> dict[str, Any]:
    return {"namespace": "shop", "name": name}


def backends(**spec: object) -> Backends:
    pod = {
        "metadata": meta("orders-0")
        | {"annotations": {"sandbox.tenantry.dev/local-ports": json.dumps({"5432": 20001})}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    found = {
        "metadata": meta("orders-x") | {"labels": {"kubernetes.io/service-name": "orders"}},
        "ports": [{"name": "db", "port": 5432}],
        "endpoints": [{"conditions": {"ready": True}, "targetRef": {"kind": "Pod", "name": "orders-0"}}],
    }
    service = {"metadata": meta("orders"), "spec": {"ports": [{"name": "db", "port": 80}]} | spec}
    return Backends({("shop", "orders"): service}, [found], {("shop", "orders-0"): pod})


def test_every_service_has_an_address_and_headless_ones_the_ports_of_their_pods() -> None:
    servers = (Endpoint("127.0.0.1", 20001, "shop/orders-0:5432"),)
    assert dict(backends().addresses()) == {(ORDERS, service_port(80)): servers}
    assert dict(backends(clusterIP="None").addresses()) == {(ORDERS, 5432): servers}
    assert dict(backends(type="ExternalName").addresses()) == {}


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.write(b"<" + await reader.read() + b">")
        await writer.drain()
    writer.close()


async def ask(address: tuple[str, int], said: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(said)
    # The other end answers once it has heard all: closing one direction must pass through.
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


def test_the_proxy_passes_both_ways_skips_the_dead_and_refuses_without_endpoints() -> None:
    async def run() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        address = (ORDERS, free_port(ORDERS))
        dead = Endpoint("127.0.0.1", free_port("127.0.0.1"), "dead")
        proxy = ServiceProxy()
        await proxy.update({address: (dead, Endpoint("127.0.0.1", port, "echo"))})
        large = b"x" * 3_000_000
        assert [await ask(address, large) == b"<" + large + b">" for _ in range(2)] == [True, True]
        await proxy.update({address: (dead,)})
        with contextlib.suppress(ConnectionResetError):
            assert await ask(address, b"x") == b""
        await proxy.update({address: ()})
        with pytest.raises(ConnectionRefusedError):
            await ask(address, b"x")
        await proxy.close()
        server.close()

    asyncio.run(run())
