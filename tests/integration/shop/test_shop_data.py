"""Carts, orders and stock in a real database: they outlive processes and are right whoever comes at the same time."""

from __future__ import annotations

import re
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.integration.shop.conftest import Api, Postgres, StartShop

pytestmark = pytest.mark.integration

every_version = pytest.mark.parametrize("version", ["1.2.0", "2.0.0"])
newest_version = pytest.mark.parametrize("version", ["2.0.0"])
"""For what both versions do with the same files."""

ORDER = {"name": "Ann 安", "contact": "ann@example.com"}


def at_once(work: Callable[[int], Any], count: int) -> list[Any]:
    """What `count` threads return that begin together."""
    answers: list[Any] = []
    barrier = threading.Barrier(count)

    def one(number: int) -> None:
        barrier.wait()
        answers.append(work(number))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == count
    return answers


def available(shop: Api, product: str) -> int:
    listed = shop.call("GET", "/api/products").body["products"]
    return next(int(each["available"]) for each in listed if each["id"] == product)


@every_version
def test_carts_and_orders_outlive_the_process_and_are_shared_by_copies(
    version: str, start_shop: StartShop, postgres: Postgres, database: Callable[[str], str]
) -> None:
    url = postgres.url(database(version))
    first = start_shop(version, ORDERS_URL=url)
    first.call("PUT", "/api/cart/items/tea", {"quantity": 2})
    order = first.call("POST", "/api/orders", ORDER).body
    cart = first.call("PUT", "/api/cart/items/mug", {"quantity": 3}).body
    first.process.kill()
    copies = [start_shop(version, ORDERS_URL=url) for _ in range(2)]
    for copy in copies:
        copy.cookie = first.cookie
        assert copy.call("GET", "/api/cart").body == cart
        assert copy.call("GET", "/api/orders").body == {"orders": [order]}
    copies[0].call("PUT", "/api/cart/items/mug", {"quantity": 1})
    assert copies[1].call("GET", "/api/cart").body["items"][0]["quantity"] == 1


@newest_version
def test_a_visitor_is_not_in_the_database(
    version: str, start_shop: StartShop, postgres: Postgres, database: Callable[[str], str]
) -> None:
    name = database(version)
    shop = start_shop(version, ORDERS_URL=postgres.url(name))
    shop.call("PUT", "/api/cart/items/tea", {"quantity": 2})
    token = shop.cookie.partition("=")[2]
    for table in ("sessions", "cart_items"):
        rows = "\n".join(postgres.sql(name, f"SELECT {table}::text FROM {table}"))  # noqa: S608 - a table of ours
        assert rows
        assert token not in rows
        assert token.encode().hex() not in rows


@every_version
def test_an_order_sent_twice_is_one_order(version: str, start_shop: StartShop) -> None:
    shop = start_shop(version, SHOP_DAILY_STOCK="100")
    before = available(shop, "mug")
    shop.call("PUT", "/api/cart/items/mug", {"quantity": 2})
    key = {"Idempotency_Key": "tap-12345678"}
    answers = at_once(lambda _: shop.visitor().call("POST", "/api/orders", ORDER, Cookie=shop.cookie, **key), 6)
    assert sorted(answer.status for answer in answers) == [200] * 5 + [201]
    assert len({answer.body["id"] for answer in answers}) == 1
    assert len(shop.call("GET", "/api/orders").body["orders"]) == 1
    shop.call("PUT", "/api/cart/items/tea", {"quantity": 1})
    assert shop.call("POST", "/api/orders", ORDER, **key).body["id"] == answers[0].body["id"]
    other = shop.call("POST", "/api/orders", {**ORDER, "name": "Bob"}, **key)
    assert (other.status, other.body["error"]["code"]) == (422, "key_reused")
    assert len(shop.call("GET", "/api/cart").body["items"]) == 1, "what was put there since stays"
    somebody = shop.visitor()
    somebody.call("PUT", "/api/cart/items/mug", {"quantity": 1})
    assert somebody.call("POST", "/api/orders", ORDER, **key).status == 201, "keys are the visitor's own"
    assert shop.call("POST", "/api/orders", ORDER, Idempotency_Key="short").status == 422
    assert before == 20


@every_version
def test_the_last_pieces_are_sold_once(
    version: str, start_shop: StartShop, postgres: Postgres, database: Callable[[str], str]
) -> None:
    name = database(version)
    postgres.sql(name, "UPDATE products SET stock = CASE id WHEN 'mug' THEN 5 WHEN 'tea' THEN 50 ELSE 0 END")
    shop = start_shop(version, ORDERS_URL=postgres.url(name))
    assert (available(shop, "mug"), available(shop, "tea"), available(shop, "lamp")) == (5, 20, 0)
    refused = shop.call("PUT", "/api/cart/items/mug", {"quantity": 6})
    assert (refused.status, refused.body["error"]["code"]) == (409, "out_of_stock")
    visitors = [shop.visitor() for _ in range(9)]
    for number, visitor in enumerate(visitors):
        # in either sequence, so that two orders lock the same rows the other way round
        for product in ("mug", "tea") if number % 2 else ("tea", "mug"):
            assert visitor.call("PUT", f"/api/cart/items/{product}", {"quantity": 1}).status == 200
    answers = at_once(lambda number: visitors[number].call("POST", "/api/orders", ORDER), 9)
    assert sorted(answer.status for answer in answers) == [201] * 5 + [409] * 4
    losers = [answer.body["error"] for answer in answers if answer.status == 409]
    assert all(error["code"] == "out_of_stock" and error["fields"] == {"mug": "0 left"} for error in losers)
    assert postgres.sql(name, "SELECT id, stock FROM products WHERE id IN ('mug', 'tea') ORDER BY id") == [
        "mug|0",
        "tea|45",
    ]
    assert postgres.sql(name, "SELECT count(*) FROM orders") == ["5"]


@every_version
def test_the_nightly_job_can_run_twice(
    version: str, start_shop: StartShop, postgres: Postgres, database: Callable[[str], str]
) -> None:
    name = database(version)
    shop = start_shop(version, ORDERS_URL=postgres.url(name), SHOP_DAILY_STOCK="7")
    gone, empty, back = (shop.visitor() for _ in range(3))
    for visitor in (gone, empty, back):
        visitor.call("PUT", "/api/cart/items/mug", {"quantity": 1})
    empty.call("PUT", "/api/cart/items/mug", {"quantity": 0})
    gone.call("POST", "/api/orders", ORDER)
    postgres.sql(name, "UPDATE sessions SET seen = now() - interval '29 days'")
    assert back.call("GET", "/api/cart").body["items"], "a visit keeps the cart"
    postgres.sql(name, "UPDATE sessions SET seen = seen - interval '2 days'")
    postgres.sql(name, "UPDATE products SET stock = CASE id WHEN 'mug' THEN 3 WHEN 'tea' THEN 0 ELSE 500 END")
    answers = at_once(lambda _: shop.visitor().call("POST", "/tasks/cleanup"), 3)
    assert [answer.status for answer in answers] == [200] * 3
    assert sum(answer.body["products_filled"] for answer in answers) == 2
    assert sum(answer.body["visitors_forgotten"] for answer in answers) == 2
    assert sum(answer.body.get("orders_confirmed", 1 / 3) for answer in answers) == pytest.approx(1)
    stocks = dict(row.split("|") for row in postgres.sql(name, "SELECT id, stock FROM products"))
    assert (stocks["mug"], stocks["tea"], stocks["lamp"]) == ("7", "7", "500")
    assert postgres.sql(name, "SELECT count(*), count(session) FROM orders") == ["1|0"]
    assert gone.call("GET", "/api/orders").body == {"orders": []}
    assert back.call("GET", "/api/cart").body["items"]
    assert set(shop.call("POST", "/tasks/cleanup").body.values()) == {0}
    assert shop.call("GET", "/tasks/cleanup").status == 405


@newest_version
def test_a_session_without_cookies(version: str, start_shop: StartShop) -> None:
    shop = start_shop(version)
    answer = shop.call("POST", "/api/sessions", {})
    assert (answer.status, answer.cookies) == (201, [])
    bearer = {"Authorization": f"Bearer {answer.body['session']}"}
    shop.call("PUT", "/api/cart/items/mug", {"quantity": 1}, **bearer)
    assert shop.call("POST", "/api/orders", ORDER, **bearer).status == 201
    assert len(shop.call("GET", "/api/orders", **bearer).body["orders"]) == 1
    assert shop.call("GET", "/api/orders", Authorization="Bearer made-up").body == {"orders": []}
    assert shop.call("POST", "/api/sessions", {}, Sec_Fetch_Site="cross-site").status == 403


@newest_version
def test_health_follows_the_database_and_comes_back(
    version: str, start_shop: StartShop, postgres: Postgres, database: Callable[[str], str]
) -> None:
    name = database(version)
    shop = start_shop(version, ORDERS_URL=postgres.url(name))
    # several connections in the pool, all of which break
    assert {answer.status for answer in at_once(lambda _: shop.visitor().call("GET", "/api/products"), 5)} == {200}
    postgres.sql("postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - ours
    postgres.sql("postgres", end)
    for path in ("/healthz", "/api/products"):
        answer = shop.call("GET", path)
        assert (answer.status, answer.body["error"]["code"]) == (503, "unavailable")
        assert "Retry-After" in answer.headers
    assert shop.call("GET", "/api/about").status == 200
    postgres.sql("postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert shop.call("GET", "/healthz").status == 200
    assert shop.call("GET", "/api/products").status == 200
    postgres.sql("postgres", end)
    answers = at_once(lambda _: shop.visitor().call("GET", "/api/products"), 5)
    assert {answer.status for answer in answers} == {200}, "a restart between two requests is not noticed"
    code, printed = shop.stop()
    assert code == 0
    assert "wörd" not in printed
    assert "Traceback" not in printed


@every_version
def test_a_database_that_was_not_migrated_is_not_healthy(
    version: str, start_shop: StartShop, postgres: Postgres
) -> None:
    shop = start_shop(version, ORDERS_URL=postgres.url(postgres.create()))
    assert shop.call("GET", "/healthz").status == 503
    assert shop.call("GET", "/api/about").body["version"] == version


@newest_version
def test_a_slow_database_is_waited_for_only_so_long(
    version: str, start_shop: StartShop, postgres: Postgres, database: Callable[[str], str]
) -> None:
    """More visitors than connections while a table is locked: everybody gets an answer."""
    name = database(version)
    shop = start_shop(version, ORDERS_URL=postgres.url(name))
    locker = threading.Thread(
        target=postgres.sql, args=(name, "BEGIN; LOCK products; SELECT pg_sleep(1.5); COMMIT"), daemon=True
    )
    locker.start()
    time.sleep(0.4)
    answers = at_once(lambda _: shop.visitor().call("GET", "/api/products"), 20)
    assert {answer.status for answer in answers} == {200}
    locker.join()


@pytest.mark.parametrize(
    ("query", "host", "ca", "status"),
    [
        ("sslmode=verify-full", "localhost", True, 200),
        ("sslmode=verify-ca", "127.0.0.1", True, 200),
        ("sslmode=require", "127.0.0.1", False, 200),
        ("", "127.0.0.1", False, 200),
        ("sslmode=verify-full", "127.0.0.1", True, 503),
        ("sslmode=verify-ca", "127.0.0.1", False, 503),
    ],
)
@newest_version
def test_tls_to_the_database(
    *,
    version: str,
    query: str,
    host: str,
    ca: bool,
    status: int,
    start_shop: StartShop,
    postgres: Postgres,
    migrated: Callable[[str], str],
) -> None:
    more = {"ORDERS_CA_FILE": str(postgres.ca_file)} if ca else {}
    # nothing is written, so the tests share one database
    name = shared.setdefault(version, "") or postgres.create(migrated(version))
    shared[version] = name
    shop = start_shop(version, ORDERS_URL=postgres.url(name, query, host), **more)
    assert shop.call("GET", "/healthz").status == status
    if status == 200:
        sessions = f"pg_stat_activity WHERE datname = '{name}'"
        encrypted = f"SELECT bool_and(ssl) FROM pg_stat_ssl WHERE pid IN (SELECT pid FROM {sessions})"  # noqa: S608 - ours
        assert postgres.sql("postgres", encrypted) == ["t"]


shared: dict[str, str] = {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORDERS_URL", ""),
        ("ORDERS_URL", "mysql://a:b@c/d"),
        ("ORDERS_URL", "postgresql://host"),
        ("ORDERS_URL", "postgresql://a:b@host:x/d"),
        ("ORDERS_URL", "postgresql://a:b@host/d?sslmode=maybe"),
        ("SHOP_DAILY_STOCK", "0"),
        ("SHOP_DAILY_STOCK", "ten"),
        ("SHOP_OWNER_KEY", "tooshort"),
        ("SHOP_OWNER_KEY", "电" * 16),
        ("MEDIA_BUCKET", ""),
    ],
)
@newest_version
def test_wrong_data_settings_are_named(version: str, name: str, value: str, spawn_shop: Callable[..., Any]) -> None:
    good = {"HOST": "127.0.0.1", "ORDERS_URL": "postgresql://a:secretword@host/d"}
    process: subprocess.Popen[str] = spawn_shop(version, {**good, name: value})
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 2
    assert re.search(rf"\b{name}\b", output)
    assert "Traceback" not in output
    assert "secretword" not in output


@newest_version
def test_a_client_that_sends_nothing_holds_no_connection(
    version: str, start_shop: StartShop, postgres: Postgres, database: Callable[[str], str]
) -> None:
    shop = start_shop(version, ORDERS_URL=postgres.url(database(version)))
    idle = [socket.create_connection(("127.0.0.1", shop.port), timeout=5) for _ in range(40)]
    for connection in idle:
        connection.sendall(
            b"POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
        )
    assert shop.call("GET", "/api/products").status == 200
    for connection in idle:
        connection.close()


@every_version
def test_only_open_orders_can_be_cancelled(
    version: str, start_shop: StartShop, postgres: Postgres, database: Callable[[str], str]
) -> None:
    name = database(version)
    shop = start_shop(version, ORDERS_URL=postgres.url(name))
    stock = "SELECT stock FROM products WHERE id = 'mug'"
    before = postgres.sql(name, stock)
    shop.call("PUT", "/api/cart/items/mug", {"quantity": 4})
    order = shop.call("POST", "/api/orders", ORDER).body
    path = f"/api/orders/{order['id']}/cancel"
    if version == "1.2.0":
        assert "status" not in order
        assert shop.call("POST", path, {}).status == 404
        return
    assert order["status"] == "placed"
    assert shop.visitor().call("POST", path, {}).status == 404
    assert postgres.sql(name, stock) != before
    answers = at_once(lambda _: shop.visitor().call("POST", path, {}, Cookie=shop.cookie), 4)
    assert [(answer.status, answer.body["status"]) for answer in answers] == [(200, "cancelled")] * 4
    assert postgres.sql(name, stock) == before, "the stock comes back once"
    assert shop.call("GET", "/api/orders").body["orders"] == [{**order, "status": "cancelled"}]
    shop.call("PUT", "/api/cart/items/mug", {"quantity": 1})
    later = shop.call("POST", "/api/orders", ORDER).body["id"]
    assert shop.call("POST", "/tasks/cleanup").body["orders_confirmed"] == 1
    late = shop.call("POST", f"/api/orders/{later}/cancel", {})
    assert (late.status, late.body["error"]["code"]) == (409, "confirmed")
    states = {each["id"]: each["status"] for each in shop.call("GET", "/api/orders").body["orders"]}
    assert states == {order["id"]: "cancelled", later: "confirmed"}


@newest_version
def test_the_desk_is_the_owners(version: str, start_shop: StartShop) -> None:
    key = "correct horse battery"
    shop = start_shop(version, SHOP_OWNER_KEY=key)
    assert shop.call("GET", "/api/about").body["desk"] is True
    first, second = shop.visitor(), shop.visitor()
    placed = []
    for number, visitor in enumerate((first, second), start=1):
        visitor.call("PUT", "/api/cart/items/mug", {"quantity": number})
        placed.append(visitor.call("POST", "/api/orders", ORDER).body)
    owner = {"Authorization": f"Bearer {key}"}
    for wrong in ({}, {"Authorization": "Bearer guess"}, {"Cookie": first.cookie}):
        assert shop.visitor().call("GET", "/api/desk", **wrong).status == 403
        assert shop.visitor().call("POST", f"/api/desk/orders/{placed[0]['id']}/cancel", {}, **wrong).status == 403
    desk = shop.call("GET", "/api/desk", **owner).body
    assert desk["orders"] == [placed[1], placed[0]]
    assert {each["id"]: each["stock"] for each in desk["stock"]}["mug"] == 97

    def decide(order: int, wanted: str) -> tuple[int, str]:
        answer = shop.call("POST", f"/api/desk/orders/{placed[order]['id']}/{wanted}", {}, **owner)
        return answer.status, answer.body.get("status") or answer.body["error"]["code"]

    assert [decide(0, "confirm"), decide(0, "confirm"), decide(0, "cancel")] == [
        (200, "confirmed"),
        (200, "confirmed"),
        (409, "confirmed"),
    ]
    assert [decide(1, "cancel"), decide(1, "cancel"), decide(1, "confirm")] == [
        (200, "cancelled"),
        (200, "cancelled"),
        (409, "cancelled"),
    ]
    assert {each["id"]: each["stock"] for each in shop.call("GET", "/api/desk", **owner).body["stock"]}["mug"] == 99
    assert first.call("GET", "/api/orders").body["orders"][0]["status"] == "confirmed"
    assert shop.call("POST", "/api/desk/orders/00000000/confirm", {}, **owner).status == 404
    _, printed = shop.stop()
    assert "horse" not in printed


@newest_version
def test_without_a_key_there_is_no_desk(version: str, start_shop: StartShop) -> None:
    shop = start_shop(version)
    assert shop.call("GET", "/api/desk").status == 404
    assert shop.call("GET", "/api/desk", Authorization="Bearer ").status == 404


@newest_version
def test_two_tabs_of_one_visitor_lose_nothing(
    version: str, start_shop: StartShop, postgres: Postgres, database: Callable[[str], str]
) -> None:
    """Whatever is put into the cart while an order is placed is in the order or still in the cart."""
    name = database(version)
    shop = start_shop(version, ORDERS_URL=postgres.url(name))
    shop.call("PUT", "/api/cart/items/mug", {"quantity": 1})

    def tab(number: int) -> int:
        visitor = shop.visitor()
        if number % 3:
            change = ("mug", "tea", "lamp", "plant")[number % 4]
            return visitor.call("PUT", f"/api/cart/items/{change}", {"quantity": number}, Cookie=shop.cookie).status
        return visitor.call("POST", "/api/orders", ORDER, Cookie=shop.cookie).status

    assert set(at_once(tab, 16)) <= {200, 201, 409}
    ordered = "SELECT product, sum(quantity) FROM order_lines GROUP BY product ORDER BY product"
    sold = "SELECT id, 100 - stock FROM products WHERE stock < 100 ORDER BY id"
    assert postgres.sql(name, ordered) == postgres.sql(name, sold)
    assert postgres.sql(name, "SELECT sum(subtotal) = (SELECT sum(price * quantity) FROM order_lines) FROM orders") == [
        "t"
    ]
