"""The HTTP API of the template `shop`, asked over HTTP."""

from __future__ import annotations

import re
import socket
import threading
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

SHOP = Path(__file__).parents[3] / "templates" / "shop"
VERSIONS = sorted(folder.name for folder in SHOP.iterdir() if folder.is_dir())
ORDER = {"name": "Ann 安", "contact": "ann@example.com"}

pytestmark = pytest.mark.parametrize("version", VERSIONS)


def test_about_says_who_answers(version: str, start_shop: Callable[..., Any]) -> None:
    shop = start_shop(
        version,
        SHOP_NAME="初见杂货铺",
        SHOP_THEME="dark",
        SHOP_CURRENCY="EUR",
        SHOP_LANGUAGE="zh",
        TENANTRY_INSTANCE="acme",
        TENANTRY_TEMPLATE=f"shop@{version}",
    )
    answer = shop.call("GET", "/api/about")
    assert answer.status == 200
    assert answer.body.pop("pictures_origin", None) == ("http://127.0.0.1:9" if version >= "1.2.0" else None)
    assert answer.body.pop("desk", None) == (False if version >= "2.0.0" else None)
    assert answer.body | {"tax_percent": None, "announcement": None} == {
        "app": "shop",
        "version": version,
        "instance": "acme",
        "template": f"shop@{version}",
        "shop_name": "初见杂货铺",
        "theme": "dark",
        "currency": "EUR",
        "language": "zh",
        "tax_percent": None,
        "announcement": None,
    }


def test_health_and_security_headers(version: str, shared_shop: Callable[..., Any]) -> None:
    answer = shared_shop(version).call("GET", "/healthz")
    assert (answer.status, answer.body) == (200, {"status": "ok"})
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Python" not in answer.headers["Server"]


def test_order_from_cart_to_list(version: str, start_shop: Callable[..., Any]) -> None:
    shop = start_shop(version, SHOP_CURRENCY="USD")
    products = shop.call("GET", "/api/products").body
    prices = {product["id"]: product["price"] for product in products["products"]}
    assert products["currency"] == "USD"
    assert all(set(product["name"]) == {"en", "zh"} for product in products["products"])

    assert shop.call("GET", "/api/cart").cookies == [], "looking round needs no session"
    added = shop.call("PUT", "/api/cart/items/mug", {"quantity": 2})
    assert len(added.cookies) == 1
    assert {"HttpOnly", "SameSite=Lax"} <= set(added.cookies[0].split("; "))
    shop.call("PUT", "/api/cart/items/tea", {"quantity": 3})
    shop.call("PUT", "/api/cart/items/tea", {"quantity": 1})
    shop.call("PUT", "/api/cart/items/lamp", {"quantity": 1})
    cart = shop.call("PUT", "/api/cart/items/lamp", {"quantity": 0}).body
    assert {item["product"]: item["quantity"] for item in cart["items"]} == {"mug": 2, "tea": 1}
    assert cart["total"] == 2 * prices["mug"] + prices["tea"]

    placed = shop.call("POST", "/api/orders", ORDER)
    assert placed.status == 201
    assert placed.body["total"] == cart["total"]
    assert placed.body["customer"] == ORDER
    assert placed.headers["Location"] == f"/api/orders/{placed.body['id']}"
    assert shop.call("GET", "/api/cart").body["items"] == []
    assert shop.call("GET", "/api/orders").body == {"orders": [placed.body]}
    assert shop.call("GET", placed.headers["Location"]).body == placed.body
    again = shop.call("POST", "/api/orders", ORDER)
    assert (again.status, again.body["error"]["code"]) == (409, "empty_cart")


def test_visitors_see_only_their_own(version: str, start_shop: Callable[..., Any]) -> None:
    shop = start_shop(version)
    shop.call("PUT", "/api/cart/items/mug", {"quantity": 1})
    order = shop.call("POST", "/api/orders", ORDER).body["id"]
    first, shop.cookie = shop.cookie, "shop=made-up"
    assert shop.call("GET", "/api/orders").body == {"orders": []}
    assert shop.call("GET", f"/api/orders/{order}").status == 404
    begun = shop.call("PUT", "/api/cart/items/tea", {"quantity": 1})
    assert len(begun.cookies) == 1
    assert shop.cookie not in {first, "shop=made-up"}, "a made-up session is never taken over"


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "code"),
    [
        ("GET", "/", None, {}, 404, "not_found"),
        ("GET", "/api", None, {}, 404, "not_found"),
        ("GET", "/apix/about", None, {}, 404, "not_found"),
        ("GET", "//[", None, {}, 404, "not_found"),
        ("GET", "/api/about?" + "a=b&" * 50, None, {}, 400, "bad_request"),
        ("DELETE", "/api/cart", None, {}, 405, "method_not_allowed"),
        ("POST", "/healthz", {}, {}, 405, "method_not_allowed"),
        ("PUT", "/api/cart/items/mug", b"{", {}, 400, "not_json"),
        ("PUT", "/api/cart/items/mug", b"\xff", {}, 400, "not_json"),
        ("PUT", "/api/cart/items/mug", b"[" * 10000, {}, 400, "not_json"),
        ("PUT", "/api/cart/items/mug", [1], {}, 400, "not_json"),
        ("PUT", "/api/cart/items/mug", {"quantity": 1}, {"Content_Type": "text/plain"}, 415, "not_json"),
        ("PUT", "/api/cart/items/mug", {"quantity": 1}, {"Sec_Fetch_Site": "cross-site"}, 403, "other_site"),
        ("PUT", "/api/cart/items/mug", {"quantity": 1}, {"Sec_Fetch_Site": "same-site"}, 403, "other_site"),
        ("PUT", "/api/cart/items/mug", {}, {}, 422, "invalid"),
        ("PUT", "/api/cart/items/mug", {"quantity": -1}, {}, 422, "invalid"),
        ("PUT", "/api/cart/items/mug", {"quantity": 21}, {}, 422, "invalid"),
        ("PUT", "/api/cart/items/mug", {"quantity": True}, {}, 422, "invalid"),
        ("PUT", "/api/cart/items/mug", {"quantity": "1"}, {}, 422, "invalid"),
        ("PUT", "/api/cart/items/gold", {"quantity": 1}, {}, 404, "unknown_product"),
        ("POST", "/api/orders", {"name": "", "contact": "x"}, {}, 422, "invalid"),
        ("POST", "/api/orders", {"name": "x" * 81, "contact": "x"}, {}, 422, "invalid"),
        ("POST", "/api/orders", {"name": "a\nb", "contact": "x"}, {}, 422, "invalid"),
        ("POST", "/api/orders", {"name": "\ud800", "contact": "x"}, {}, 422, "invalid"),
        ("POST", "/api/orders", {"name": ["x"], "contact": 5}, {}, 422, "invalid"),
        ("POST", "/api/orders", ORDER, {}, 409, "empty_cart"),
        ("POST", "/api/orders", {"name": "x" * 17000, "contact": "x"}, {}, 413, "too_large"),
        ("POST", "/api/orders", None, {"Transfer_Encoding": "chunked"}, 411, "length_required"),
        ("GET", "/api/about", None, {"Content_Length": "1_0"}, 400, "bad_request"),
    ],
)
def test_refusals_are_json(
    *,
    version: str,
    shared_shop: Callable[..., Any],
    method: str,
    path: str,
    body: object,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    shop = shared_shop(version)
    answer = shop.call(method, path, body, **headers)
    assert (answer.status, answer.body["error"]["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert ("Allow" in answer.headers) == (status == 405)
    assert shop.call("GET", "/healthz").status == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /" + b"x" * 70000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET /api/about HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"431"),
        (b"PUT /api/cart HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", b"400"),
        (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", b"501"),
    ],
)
def test_broken_requests(version: str, shared_shop: Callable[..., Any], sent: bytes, status: bytes) -> None:
    shop = shared_shop(version)
    received = shop.raw(sent)
    assert status in received.split(b"\r\n")[0] or received.startswith(b'{"error"')
    assert b"<html" not in received.lower()
    assert shop.call("GET", "/healthz").status == 200


def test_head_has_no_body(version: str, shared_shop: Callable[..., Any]) -> None:
    answer = shared_shop(version).call("HEAD", "/api/about")
    assert answer.status == 200
    assert answer.body is None
    assert int(answer.headers["Content-Length"]) > 50


def test_log_has_one_line_per_request_and_nothing_typed(version: str, start_shop: Callable[..., Any]) -> None:
    shop = start_shop(version)
    shop.call("PUT", "/api/cart/items/mug", {"quantity": 1})
    cookie = shop.cookie.partition("=")[2]
    shop.call("POST", "/api/orders", {"name": "Hidden Person", "contact": "hidden@example.com"})
    shop.call("GET", "/api/products?q=hidden-search")
    shop.raw(b"GET /a\x1b[31mb\x07 HTTP/1.0\r\n\r\n")
    _, printed = shop.stop()
    lines = [line for line in printed.splitlines() if re.match(r"\d{4}-\d\d-\d\dT", line)]
    # Each connection has a thread of its own, and writes its line after its answer: the order is not promised.
    assert sorted(line.split()[1:4] for line in lines if "/api/" in line) == [
        ["GET", "/api/products", "200"],
        ["POST", "/api/orders", "201"],
        ["PUT", "/api/cart/items/mug", "200"],
    ]
    assert len(lines) == 4
    assert not any(word in printed.lower() for word in ("hidden", cookie.lower(), "\x1b", "\x07"))


def test_secure_cookie_behind_https(version: str, start_shop: Callable[..., Any]) -> None:
    shop = start_shop(version, TENANTRY_URL="https://shop.example.com")
    cookie = shop.call("PUT", "/api/cart/items/mug", {"quantity": 1}).cookies[0]
    assert cookie.startswith("__Host-shop=")
    assert "; Secure" in cookie
    assert shop.call("GET", "/api/cart").body["items"]


def test_running_requests_finish_at_sigterm(version: str, start_shop: Callable[..., Any]) -> None:
    shop = start_shop(version)
    head = b"PUT /api/cart/items/mug HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", shop.port), timeout=10) as connection:
        connection.sendall(head + b"Content-Length: 14\r\n\r\n")
        # answered means that the server read the slow request's head before
        shop.call("GET", "/healthz")
        threading.Timer(0.5, connection.sendall, [b'{"quantity":1}']).start()
        code, _ = shop.stop()
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    assert code == 0


def test_many_visitors_at_once(version: str, shared_shop: Callable[..., Any]) -> None:
    shop = shared_shop(version)
    totals: list[int] = []

    def visit() -> None:
        visitor = copy(shop)
        for quantity in range(1, 6):
            visitor.call("PUT", "/api/cart/items/mug", {"quantity": quantity})
        visitor.call("POST", "/api/orders", ORDER)
        totals.append(len(visitor.call("GET", "/api/orders").body["orders"]))

    threads = [threading.Thread(target=visit) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert totals == [1] * 12


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "x"),
        ("PORT", "9" * 5000),
        ("SHOP_NAME", "   "),
        ("SHOP_NAME", "x" * 41),
        ("SHOP_NAME", "a\nb"),
        ("SHOP_THEME", "pink"),
        ("SHOP_CURRENCY", "usd"),
        ("SHOP_LANGUAGE", "fr"),
    ],
)
def test_wrong_settings_are_named(version: str, name: str, value: str, spawn_shop: Callable[..., Any]) -> None:
    process: subprocess.Popen[str] = spawn_shop(version, {"HOST": "127.0.0.1", "SHOP_NAME": "Acme", name: value})
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 2
    assert name in output
    assert "Traceback" not in output


def test_taken_port_is_said(version: str, start_shop: Callable[..., Any], spawn_shop: Callable[..., Any]) -> None:
    shop = start_shop(version)
    process: subprocess.Popen[str] = spawn_shop(version, {"HOST": "127.0.0.1", "PORT": str(shop.port)})
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"127.0.0.1:{shop.port}" in output
    assert "Traceback" not in output
