"""The nightly job. It may run twice, at once or again: the second run finds nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pictures
from visitors import SESSION_DAYS

if TYPE_CHECKING:
    from database import Pool
    from pg8000.native import Connection
    from settings import Settings

PICTURES_AT_ONCE = 200


def run(pool: Pool, settings: Settings) -> dict[str, int]:
    """Fills the stock up, forgets visitors who are gone and pictures that nobody ordered with; what was done."""

    def work(connection: Connection) -> dict[str, int]:
        connection.run("SELECT FROM products ORDER BY id FOR UPDATE")
        filled = connection.run(
            "WITH filled AS (UPDATE products SET stock = :stock WHERE stock < :stock RETURNING 1)"
            " SELECT count(*) FROM filled",
            stock=settings.daily_stock,
        )
        # A visitor who only looked round and never came back is forgotten after a week.
        gone = connection.run(
            f"WITH gone AS (DELETE FROM sessions s WHERE seen < now() - interval '{SESSION_DAYS} days'"
            " OR (seen < now() - interval '7 days'"
            " AND NOT EXISTS (SELECT FROM orders WHERE session = s.id)"
            " AND NOT EXISTS (SELECT FROM cart_items WHERE session = s.id)) RETURNING 1) SELECT count(*) FROM gone"
        )
        return {"products_filled": filled[0][0], "visitors_forgotten": gone[0][0]}

    done = pool.run(work)
    return {**done, "pictures_deleted": pictures.forget_unused(pool, settings.bucket, PICTURES_AT_ONCE)}
