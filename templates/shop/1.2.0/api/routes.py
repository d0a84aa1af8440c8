"""What answers which address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cleanup
import orders
import pictures
import products
import visitors
from errors import Refused, Unavailable
from schema import LEVEL

if TYPE_CHECKING:
    from collections.abc import Callable

    from database import Pool
    from pg8000.native import Connection
    from settings import Settings

TASKS = "/tasks/"
"""Addresses below this are for the schedule. No route of the instance leads to them."""


@dataclass(frozen=True, slots=True)
class Request:
    """`token` is the visitor's session, `site` says where the calling page came from (Sec-Fetch-Site).

    `key` is the Idempotency-Key, None where the caller sent none.
    """

    method: str
    path: str
    query: dict[str, str]
    body: dict[str, object]
    token: str
    site: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """`token`, where set, becomes the visitor's new session cookie."""

    status: int
    body: object
    token: str = ""
    allow: str = ""
    location: str = ""


def answer(pool: Pool, settings: Settings, request: Request) -> Reply:
    """The reply to one request. Raises Refused and Unavailable."""
    allowed = []
    for method, pattern, action in ROUTES:
        match = pattern.fullmatch(request.path)
        if match and method == request.method:
            if method != "GET" and request.site not in ("same-origin", "none"):
                raise Refused(403, "other_site", "Only this shop's own pages may do that.")
            return action(pool, settings, request, *match.groups())
        if match:
            allowed.append(method)
    if allowed:
        allow = ", ".join([*allowed, "HEAD"] if "GET" in allowed else allowed)
        raise Refused(405, "method_not_allowed", f"Use one of: {allow}.", allow=allow)
    raise Refused(404, "not_found", "There is nothing at this address.")


def _health(pool: Pool, _settings: Settings, _request: Request) -> Reply:
    def work(connection: Connection) -> tuple[int, bool]:
        if connection.run("SELECT to_regclass('schema_steps') IS NULL")[0][0]:
            return 0, False
        taken = connection.run("SELECT level, breaking FROM schema_steps ORDER BY level")
        return taken[-1][0] if taken else 0, any(breaking for level, breaking in taken if level > LEVEL)

    level, broken = pool.run(work)
    if level < LEVEL or broken:
        raise Unavailable("database", f"its tables are at level {level}, this version needs {LEVEL}")
    return Reply(200, {"status": "ok"})


def _about(_pool: Pool, settings: Settings, _request: Request) -> Reply:
    return Reply(200, settings.about())


def _products(pool: Pool, settings: Settings, request: Request) -> Reply:
    search = request.query.get("q", "")
    return Reply(200, pool.run(lambda connection: products.listed(connection, settings.currency, search)))


def _cart(pool: Pool, settings: Settings, request: Request) -> Reply:
    return Reply(200, pool.run(lambda connection: visitors.cart(connection, settings, request.token)))


def _put_item(pool: Pool, settings: Settings, request: Request, product: str) -> Reply:
    quantity = request.body.get("quantity")
    token, cart = pool.run(
        lambda connection: visitors.set_quantity(connection, settings, request.token, product, quantity)
    )
    return Reply(200, cart, token="" if token == request.token else token)


def _begin_session(pool: Pool, _settings: Settings, _request: Request) -> Reply:
    return Reply(201, {"session": pool.run(visitors.begin)})


def _allow_picture(pool: Pool, settings: Settings, request: Request) -> Reply:
    type_, size = request.body.get("type"), request.body.get("size")
    token, allowed = pool.run(
        lambda connection: pictures.allow_upload(connection, settings.bucket, request.token, type_, size)
    )
    return Reply(201, allowed, token="" if token == request.token else token)


def _orders(pool: Pool, settings: Settings, request: Request) -> Reply:
    return Reply(200, {"orders": pool.run(lambda connection: orders.of_visitor(connection, settings, request.token))})


def _order(pool: Pool, settings: Settings, request: Request, order: str) -> Reply:
    return Reply(200, pool.run(lambda connection: orders.one(connection, settings, request.token, order)))


def _place_order(pool: Pool, settings: Settings, request: Request) -> Reply:
    new, order = orders.place(pool, settings, request.token, request.body, request.key)
    return Reply(201 if new else 200, order, location=f"/api/orders/{order['id']}")


def _cleanup(pool: Pool, settings: Settings, _request: Request) -> Reply:
    return Reply(200, cleanup.run(pool, settings))


ROUTES: list[tuple[str, re.Pattern[str], Callable[..., Reply]]] = [
    ("GET", re.compile("/healthz"), _health),
    ("GET", re.compile("/api/about"), _about),
    ("GET", re.compile("/api/products"), _products),
    ("GET", re.compile("/api/cart"), _cart),
    ("PUT", re.compile("/api/cart/items/([a-z0-9-]{1,40})"), _put_item),
    ("POST", re.compile("/api/sessions"), _begin_session),
    ("POST", re.compile("/api/pictures"), _allow_picture),
    ("GET", re.compile("/api/orders"), _orders),
    ("POST", re.compile("/api/orders"), _place_order),
    ("GET", re.compile("/api/orders/([0-9A-Z]{1,20})"), _order),
    ("POST", re.compile("/tasks/cleanup"), _cleanup),
]
