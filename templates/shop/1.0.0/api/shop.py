"""Products, carts and orders of one shop, in memory: a restart forgets carts and orders."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unicodedata import category

from products import PRODUCTS

if TYPE_CHECKING:
    from settings import Settings

MAX_QUANTITY = 20
MAX_SESSIONS = 10_000
MAX_ORDERS_PER_SESSION = 100
SESSION_SECONDS = 7 * 24 * 3600
ORDER_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Refused(Exception):
    """A request that is refused. `fields` names wrong inputs and why, `allow` the methods that would do."""

    def __init__(
        self, status: int, code: str, message: str, fields: dict[str, str] | None = None, allow: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields or {}
        self.allow = allow


@dataclass(slots=True)
class Session:
    """One visitor: product id -> quantity, and the orders made."""

    cart: dict[str, int] = field(default_factory=dict)
    orders: list[dict[str, object]] = field(default_factory=list)
    seen: float = 0.0


class Shop:
    """Everything that visitors do. Amounts are in the currency's smallest unit. Safe to use from threads."""

    def __init__(self, settings: Settings) -> None:
        self._currency = settings.currency
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()
        self._by_id = {product.id: product for product in PRODUCTS}

    def products(self) -> dict[str, object]:
        """All products with their price in the shop's currency."""
        listed = [{"id": p.id, "name": p.name, "about": p.about, "price": p.prices[self._currency]} for p in PRODUCTS]
        return {"products": listed, "currency": self._currency}

    def cart(self, token: str) -> dict[str, object]:
        """The visitor's cart; empty for an unknown visitor."""
        with self._lock:
            session = self._find(token)
            return self._priced(session.cart if session else {})

    def set_quantity(self, token: str, product: str, quantity: object) -> tuple[str, dict[str, object]]:
        """Puts a quantity of a product into the cart (0 takes it out); returns the visitor's token and cart."""
        if product not in self._by_id:
            raise Refused(404, "unknown_product", "There is no such product.")
        if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 <= quantity <= MAX_QUANTITY:
            message = f"quantity must be a whole number from 0 to {MAX_QUANTITY}"
            raise Refused(422, "invalid", "The quantity is not valid.", {"quantity": message})
        with self._lock:
            session = self._find(token)
            if session is None:
                token, session = self._begin()
            if quantity:
                session.cart[product] = quantity
            else:
                session.cart.pop(product, None)
            return token, self._priced(session.cart)

    def place_order(self, token: str, name: object, contact: object) -> dict[str, object]:
        """Turns the visitor's cart into an order and empties the cart."""
        problems = {
            key: f"{key} must have 1 to 80 characters on one line"
            for key, value in (("name", name), ("contact", contact))
            if not _is_line(value)
        }
        if problems:
            raise Refused(422, "invalid", "Name or contact is missing or not valid.", problems)
        with self._lock:
            session = self._find(token)
            if session is None or not session.cart:
                raise Refused(409, "empty_cart", "The cart is empty.")
            if len(session.orders) >= MAX_ORDERS_PER_SESSION:
                raise Refused(409, "too_many_orders", "This visitor has placed too many orders.")
            order: dict[str, object] = {
                "id": "".join(secrets.choice(ORDER_ALPHABET) for _ in range(8)),
                "created": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
                "customer": {"name": str(name).strip(), "contact": str(contact).strip()},
                **self._priced(session.cart),
            }
            session.orders.append(order)
            session.cart = {}
            return order

    def orders(self, token: str) -> list[dict[str, object]]:
        """The visitor's own orders, newest first."""
        with self._lock:
            session = self._find(token)
            return list(reversed(session.orders)) if session else []

    def order(self, token: str, order_id: str) -> dict[str, object]:
        """One of the visitor's own orders."""
        for order in self.orders(token):
            if order["id"] == order_id:
                return order
        raise Refused(404, "unknown_order", "There is no such order.")

    def _find(self, token: str) -> Session | None:
        session = self._sessions.get(token)
        now = time.monotonic()
        if session is None or now - session.seen > SESSION_SECONDS:
            return None
        session.seen = now
        self._sessions.move_to_end(token)
        return session

    def _begin(self) -> tuple[str, Session]:
        while len(self._sessions) >= MAX_SESSIONS:
            self._sessions.popitem(last=False)
        token = secrets.token_urlsafe(24)
        session = Session(seen=time.monotonic())
        self._sessions[token] = session
        return token, session

    def _priced(self, cart: dict[str, int]) -> dict[str, object]:
        items = []
        total = 0
        for product_id, quantity in cart.items():
            product = self._by_id[product_id]
            price = product.prices[self._currency]
            total += price * quantity
            items.append(
                {
                    "product": product_id,
                    "name": product.name,
                    "price": price,
                    "quantity": quantity,
                    "amount": price * quantity,
                }
            )
        return {"items": items, "currency": self._currency, "total": total}


def _is_line(value: object) -> bool:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= 80:
        return False
    # controls, lone surrogates and line breaks have no place in a name
    return all(category(character) not in ("Cc", "Cs", "Zl", "Zp") for character in value.strip())
