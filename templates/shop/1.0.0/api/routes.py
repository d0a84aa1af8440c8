"""What answers which address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shop import Refused, Shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from settings import Settings


@dataclass(frozen=True, slots=True)
class Request:
    """`token` is the visitor's session cookie, `site` says where the calling page came from (Sec-Fetch-Site)."""

    method: str
    path: str
    query: dict[str, str]
    body: dict[str, object]
    token: str
    site: str


@dataclass(frozen=True, slots=True)
class Reply:
    """`token`, where set, becomes the visitor's new session cookie."""

    status: int
    body: object
    token: str = ""
    allow: str = ""
    location: str = ""


def answer(shop: Shop, settings: Settings, request: Request) -> Reply:
    """The reply to one request. Raises Refused."""
    allowed = []
    for method, pattern, action in ROUTES:
        match = pattern.fullmatch(request.path)
        if match and method == request.method:
            if method != "GET" and request.site not in ("same-origin", "none"):
                raise Refused(403, "other_site", "Only this shop's own pages may do that.")
            return action(shop, settings, request, *match.groups())
        if match:
            allowed.append(method)
    if allowed:
        allow = ", ".join([*allowed, "HEAD"] if "GET" in allowed else allowed)
        raise Refused(405, "method_not_allowed", f"Use one of: {allow}.", allow=allow)
    raise Refused(404, "not_found", "There is nothing at this address.")


def _health(_shop: Shop, _settings: Settings, _request: Request) -> Reply:
    return Reply(200, {"status": "ok"})


def _about(_shop: Shop, settings: Settings, _request: Request) -> Reply:
    return Reply(200, settings.about())


def _products(shop: Shop, _settings: Settings, _request: Request) -> Reply:
    return Reply(200, shop.products())


def _cart(shop: Shop, _settings: Settings, request: Request) -> Reply:
    return Reply(200, shop.cart(request.token))


def _put_item(shop: Shop, _settings: Settings, request: Request, product: str) -> Reply:
    token, cart = shop.set_quantity(request.token, product, request.body.get("quantity"))
    return Reply(200, cart, token="" if token == request.token else token)


def _orders(shop: Shop, _settings: Settings, request: Request) -> Reply:
    return Reply(200, {"orders": shop.orders(request.token)})


def _order(shop: Shop, _settings: Settings, request: Request, order: str) -> Reply:
    return Reply(200, shop.order(request.token, order))


def _place_order(shop: Shop, _settings: Settings, request: Request) -> Reply:
    order = shop.place_order(request.token, request.body.get("name"), request.body.get("contact"))
    return Reply(201, order, location=f"/api/orders/{order['id']}")


ROUTES: list[tuple[str, re.Pattern[str], Callable[..., Reply]]] = [
    ("GET", re.compile("/healthz"), _health),
    ("GET", re.compile("/api/about"), _about),
    ("GET", re.compile("/api/products"), _products),
    ("GET", re.compile("/api/cart"), _cart),
    ("PUT", re.compile("/api/cart/items/([a-z0-9-]{1,40})"), _put_item),
    ("GET", re.compile("/api/orders"), _orders),
    ("POST", re.compile("/api/orders"), _place_order),
    ("GET", re.compile("/api/orders/([0-9A-Z]{1,20})"), _order),
]
