"""Orders: a cart becomes one, once, and the stock goes down with it or not at all; cancelled, it comes back."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import category

import pictures
import visitors
from errors import Refused

if TYPE_CHECKING:
    from database import Pool
    from pg8000.native import Connection
    from settings import Settings

MAX_ORDERS_PER_SESSION = 100
MOST_ON_THE_DESK = 100
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
COLUMNS = (
    "o.id, o.created, o.status, o.customer_name, o.contact, l.lines, o.currency, o.subtotal, o.tax_percent, o.tax,"
    " o.total, p.id, p.type FROM orders o LEFT JOIN pictures p ON p.id = o.picture CROSS JOIN LATERAL ("
    "SELECT jsonb_agg(jsonb_build_object('product', product, 'name', name, 'price', price, 'quantity', quantity,"
    " 'amount', price * quantity) ORDER BY line) AS lines FROM order_lines WHERE order_id = o.id) AS l"
)


class Wish(NamedTuple):
    """What a visitor asks for beside what is in the cart. `key` is the Idempotency-Key, None without one."""

    customer: dict[str, str]
    picture: object
    key: str | None

    @property
    def digest(self) -> bytes:
        """The same for the same wish."""
        return hashlib.sha256(json.dumps([self.customer, self.picture]).encode()).digest()


def place(
    pool: Pool, settings: Settings, token: str, body: dict[str, object], request_key: str | None
) -> tuple[bool, dict[str, object]]:
    """Turns the visitor's cart into an order and empties the cart; whether it is new, and the order.

    The same `request_key` from the same visitor is answered with the order that it made first.
    """
    name, contact, picture = body.get("name"), body.get("contact"), body.get("picture")
    problems = {
        key: f"{key} must have 1 to 80 characters on one line"
        for key, value in (("name", name), ("contact", contact))
        if not _is_line(value)
    }
    if problems:
        raise Refused(422, "invalid", "Name or contact is missing or not valid.", problems)
    if picture is not None:
        pictures.check(pool, settings.bucket, token, picture)
    wish = Wish({"name": str(name).strip(), "contact": str(contact).strip()}, picture, request_key)

    def work(connection: Connection) -> tuple[bool, dict[str, object]]:
        if not visitors.known(connection, token):
            raise Refused(409, "empty_cart", "The cart is empty.")
        session = visitors.digest(token)
        # A double tap waits here and then finds the first one; what is put into the cart meanwhile waits too.
        visitors.lock(connection, token)
        earlier = _earlier(connection, session, wish)
        order = earlier or _insert(connection, settings, token, wish)
        return earlier is None, _one(connection, settings, session, order)

    return pool.run(work)


def of_visitor(connection: Connection, settings: Settings, token: str) -> list[dict[str, object]]:
    """The visitor's own orders, newest first."""
    if not visitors.known(connection, token):
        return []
    rows = connection.run(
        f"SELECT {COLUMNS} WHERE o.session = :session ORDER BY o.created DESC", session=visitors.digest(token)
    )
    return [_order(settings, row) for row in rows]


def one(connection: Connection, settings: Settings, token: str, order: str) -> dict[str, object]:
    """One of the visitor's own orders."""
    if not visitors.known(connection, token):
        raise Refused(404, "unknown_order", "There is no such order.")
    return _one(connection, settings, visitors.digest(token), order)


def cancel(connection: Connection, settings: Settings, token: str, order: str) -> dict[str, object]:
    """Cancels the visitor's order while it is only placed; again, it stays cancelled."""
    one(connection, settings, token, order)
    return decide(connection, settings, order, "cancelled")


def decide(connection: Connection, settings: Settings, order: str, wanted: str) -> dict[str, object]:
    """Makes any visitor's order `confirmed` or `cancelled` while it is only placed; said again, nothing happens."""
    # Whoever changes an order locks it first, so that the stock comes back once.
    rows = connection.run("SELECT status FROM orders WHERE id = :id FOR UPDATE", id=order)
    if not rows:
        raise Refused(404, "unknown_order", "There is no such order.")
    status = rows[0][0]
    if status not in ("placed", wanted):
        raise Refused(409, status, f"This order is {status} and cannot be changed any more.")
    if status == "placed":
        if wanted == "cancelled":
            _back_to_stock(connection, order)
        connection.run(
            "UPDATE orders SET status = :status, changed = clock_timestamp() WHERE id = :id", id=order, status=wanted
        )
    return _order(settings, connection.run(f"SELECT {COLUMNS} WHERE o.id = :id", id=order)[0])


def newest(connection: Connection, settings: Settings) -> list[dict[str, object]]:
    """The newest orders of all visitors."""
    rows = connection.run(f"SELECT {COLUMNS} ORDER BY o.created DESC LIMIT {MOST_ON_THE_DESK}")
    return [_order(settings, row) for row in rows]


def confirm_placed(connection: Connection) -> int:
    """Confirms every order that is only placed; how many."""
    rows = connection.run(
        "WITH confirmed AS (UPDATE orders SET status = 'confirmed', changed = clock_timestamp() WHERE status = 'placed'"
        " RETURNING 1) SELECT count(*) FROM confirmed"
    )
    return rows[0][0]


def _back_to_stock(connection: Connection, order: str) -> None:
    connection.run(
        "SELECT FROM products WHERE id IN (SELECT product FROM order_lines WHERE order_id = :id)"
        " ORDER BY id FOR UPDATE",
        id=order,
    )
    connection.run(
        "UPDATE products SET stock = stock + l.quantity FROM order_lines l"
        " WHERE l.order_id = :id AND l.product = products.id",
        id=order,
    )


def _one(connection: Connection, settings: Settings, session: bytes, order: str) -> dict[str, object]:
    rows = connection.run(
        f"SELECT {COLUMNS} WHERE o.session = :session AND o.id = :order", session=session, order=order
    )
    if not rows:
        raise Refused(404, "unknown_order", "There is no such order.")
    return _order(settings, rows[0])


def _insert(connection: Connection, settings: Settings, token: str, wish: Wish) -> str:
    session = visitors.digest(token)
    lines = _taken_from_stock(connection, settings, token)
    placed = connection.run("SELECT count(*) FROM orders WHERE session = :id", id=session)[0][0]
    if placed >= MAX_ORDERS_PER_SESSION:
        raise Refused(409, "too_many_orders", "This visitor has placed too many orders.")
    if wish.picture is not None and connection.run("SELECT FROM orders WHERE picture = :id", id=wish.picture):
        raise Refused(422, "invalid", "The picture cannot be used.", {"picture": "it belongs to another order"})
    sums = visitors.priced(settings, lines)
    order = "".join(secrets.choice(ALPHABET) for _ in range(8))
    connection.run(
        "INSERT INTO orders (id, session, request_key, request_sha256, customer_name, contact, currency, subtotal,"
        " tax_percent, tax, total, picture) VALUES (:id, :session, :request_key, :asked, :name, :contact,"
        " :currency, :subtotal, :tax_percent, :tax, :total, :picture)",
        id=order,
        session=session,
        request_key=wish.key,
        asked=wish.digest,
        name=wish.customer["name"],
        contact=wish.customer["contact"],
        currency=settings.currency,
        subtotal=sums["subtotal"],
        tax_percent=settings.tax_percent,
        tax=sums["tax"],
        total=sums["total"],
        picture=wish.picture,
    )
    connection.run(
        "INSERT INTO order_lines (order_id, line, product, name, price, quantity)"
        " SELECT :order, line, item->>'product', item->'name',"
        " CAST(item->>'price' AS bigint), CAST(item->>'quantity' AS integer)"
        " FROM jsonb_array_elements(CAST(:lines AS jsonb)) WITH ORDINALITY AS i (item, line)",
        order=order,
        lines=json.dumps(lines),
    )
    connection.run("DELETE FROM cart_items WHERE session = :id", id=session)
    return order


def _earlier(connection: Connection, session: bytes, wish: Wish) -> str | None:
    if wish.key is None:
        return None
    rows = connection.run(
        "SELECT id, request_sha256 FROM orders WHERE session = :session AND request_key = :request_key",
        session=session,
        request_key=wish.key,
    )
    if rows and bytes(rows[0][1]) != wish.digest:
        raise Refused(422, "key_reused", "This Idempotency-Key was used for another order.")
    return rows[0][0] if rows else None


def _taken_from_stock(connection: Connection, settings: Settings, token: str) -> list[dict[str, object]]:
    session = visitors.digest(token)
    # Every order locks the products in the same sequence, so no two wait for one another.
    connection.run(
        "SELECT FROM products WHERE id IN (SELECT product FROM cart_items WHERE session = :id) ORDER BY id FOR UPDATE",
        id=session,
    )
    lines = visitors.items(connection, settings, token)
    if not lines:
        raise Refused(409, "empty_cart", "The cart is empty.")
    short = {
        str(line["product"]): f"{line['available']} left" for line in lines if line["quantity"] > line["available"]
    }
    if short:
        raise Refused(409, "out_of_stock", "The shop has not enough of some products left today.", short)
    connection.run(
        "UPDATE products SET stock = stock - c.quantity FROM cart_items c"
        " WHERE c.session = :id AND c.product = products.id",
        id=session,
    )
    return [{name: value for name, value in line.items() if name != "available"} for line in lines]


def _order(settings: Settings, row: list) -> dict[str, object]:
    id_, created, status, name, contact, items, currency, subtotal, tax_percent, tax, total, picture, type_ = row
    return {
        "id": id_,
        "created": created.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "status": status,
        "customer": {"name": name, "contact": contact},
        "items": items,
        "currency": currency,
        "subtotal": subtotal,
        "tax_percent": float(tax_percent),
        "tax": tax,
        "total": total,
        "picture": pictures.shown(settings.bucket, picture, type_),
    }


def _is_line(value: object) -> bool:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= 80:
        return False
    # controls, lone surrogates and line breaks have no place in a name
    return all(category(character) not in ("Cc", "Cs", "Zl", "Zp") for character in value.strip())
