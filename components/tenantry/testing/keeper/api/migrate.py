"""Runs once between two versions: brings the tables to the form that this version needs."""

import sys

import database
from version import VERSION

FIRST = (
    "CREATE TABLE IF NOT EXISTS orders (id serial PRIMARY KEY, text text NOT NULL, instance text NOT NULL)",
    "CREATE TABLE IF NOT EXISTS ticks (at timestamptz NOT NULL DEFAULT now())",
    "CREATE TABLE IF NOT EXISTS runs (version text NOT NULL)",
)
STEPS = {
    "1.0.0": FIRST,
    # What was there before works on: an additive change.
    "1.1.0": (*FIRST, "ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text NOT NULL DEFAULT 'none'"),
    "1.2.0": (*FIRST, "ALTER TABLE orders ADD COLUMN broken integer", "ALTER TABLE nothing ADD COLUMN fails integer"),
    # Nothing before it finds its column again.
    "2.0.0": (
        *FIRST,
        "ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text NOT NULL DEFAULT 'none'",
        "ALTER TABLE orders RENAME COLUMN text TO content",
    ),
}


def main() -> None:
    connection = database.connect()
    connection.run("BEGIN")
    for step in STEPS[VERSION]:
        print(step, flush=True)
        connection.run(step)
    connection.run("INSERT INTO runs (version) VALUES (:version)", version=VERSION)
    connection.run("COMMIT")
    connection.close()


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(f"the migration to {VERSION} failed: {error}")
