"""Visitors and their carts. A visitor is a random token in a cookie; the database knows only its digest."""

from __future__ import annotations

import hashlib
import secrets
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from errors import Refused
from products import MAX_QUANTITY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pg8000.native import Connection
    from settings import Settings

SESSION_DAYS = 30
SESSION_SECONDS = SESSION_DAYS * 24 * 3600


def digest(token: str) -> bytes:
    """What the database knows of a visitor's token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def known(connection: Connection, token: str) -> bool:
    """Whether the token is that of a visitor who came back in time; keeps the session alive."""
    if not token:
        return False
    rows = connection.run(
        "SELECT seen < now() - interval '1 hour' FROM sessions"
        f" WHERE id = :id AND seen > now() - interval '{SESSION_DAYS} days'",
        id=digest(token),
    )
    if rows and rows[0][0]:
        connection.run("UPDATE sessions SET seen = now() WHERE id = :id", id=digest(token))
    return bool(rows)


def begin(connection: Connection) -> str:
    """A new visitor's token."""
    token = secrets.token_urlsafe(24)
    connection.run("INSERT INTO sessions (id) VALUES (:id)", id=digest(token))
    return token


def lock(connection: Connection, token: str) -> None:
    """Lets no other request change this visitor's cart or orders until the transaction ends."""
    connection.run("SELECT FROM sessions WHERE id = :id FOR UPDATE", id=digest(token))


def cart(connection: Connection, settings: Settings, token: str) -> dict[str, object]:
    """The visitor's cart; empty for an unknown visitor."""
    return priced(settings, items(connection, settings, token) if known(connection, token) else [])


def set_quantity(
    connection: Connection, settings: Settings, token: str, product: str, quantity: object
) -> tuple[str, dict[str, object]]:
    """Puts a quantity of a product into the cart (0 takes it out); returns the visitor's token and cart."""
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 <= quantity <= MAX_QUANTITY:
        message = f"quantity must be a whole number from 0 to {MAX_QUANTITY}"
        raise Refused(422, "invalid", "The quantity is not valid.", {"quantity": message})
    rows = connection.run("SELECT stock FROM products WHERE id = :id", id=product)
    if not rows:
        raise Refused(404, "unknown_product", "There is no such product.")
    if quantity > rows[0][0]:
        raise Refused(409, "out_of_stock", f"Only {rows[0][0]} of this product are left today.")
    if not known(connection, token):
        token = begin(connection)
    lock(connection, token)
    values = {"session": digest(token), "product": product}
    if quantity:
        connection.run(
            "INSERT INTO cart_items (session, product, quantity) VALUES (:session, :product, :quantity)"
            " ON CONFLICT (session, product) DO UPDATE SET quantity = excluded.quantity",
            **values,
            quantity=quantity,
        )
    else:
        connection.run("DELETE FROM cart_items WHERE session = :session AND product = :product", **values)
    return token, priced(settings, items(connection, settings, token))


def items(connection: Connection, settings: Settings, token: str) -> list[dict[str, Any]]:
    """What the visitor's cart holds, in the order in which it was put there."""
    rows = connection.run(
        "SELECT p.id, p.name, CAST(p.prices->>CAST(:currency AS text) AS bigint), c.quantity, least(p.stock, :most)"
        " FROM cart_items c JOIN products p ON p.id = c.product WHERE c.session = :session ORDER BY c.added",
        currency=settings.currency,
        most=MAX_QUANTITY,
        session=digest(token),
    )
    return [
        {
            "product": id_,
            "name": name,
            "price": price,
            "quantity": quantity,
            "amount": price * quantity,
            "available": available,
        }
        for id_, name, price, quantity, available in rows
    ]


def priced(settings: Settings, lines: Iterable[dict[str, Any]]) -> dict[str, object]:
    """The items with their sums; tax is rounded half up once, on the subtotal."""
    listed = list(lines)
    subtotal = sum(line["amount"] for line in listed)
    tax = int((subtotal * settings.tax_percent / 100).quantize(Decimal(1), ROUND_HALF_UP))
    return {
        "items": listed,
        "currency": settings.currency,
        "subtotal": subtotal,
        "tax_percent": float(settings.tax_percent),
        "tax": tax,
        "total": subtotal + tax,
    }
