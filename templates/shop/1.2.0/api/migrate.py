"""Brings the database to the level of this version: every missing step, in one transaction, one run at a time.

Run it as often as you like. Exit codes: 0 done or nothing to do, 1 failed and nothing changed, 2 wrong settings,
3 the database belongs to a newer version.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from typing import TYPE_CHECKING

from database import BROKEN, DatabaseError, connect
from errors import Unavailable
from products import seed
from schema import LEVEL, STEPS
from settings import APP, VERSION, read_settings

if TYPE_CHECKING:
    from pg8000.native import Connection

# Any number does, as long as every version takes the same one.
LOCK = 7_460_231
CONNECT_SECONDS = 60
STATEMENT_SECONDS = 240


class TooNew(Exception):
    """The database was changed by a newer version in a way that this one cannot work with."""


def main() -> int:
    """Migrates the database that the environment names."""
    try:
        settings = read_settings(os.environ)
    except ValueError as error:
        print(f"{APP}: {error}", file=sys.stderr)
        return 2
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            connection = connect(settings.database, STATEMENT_SECONDS)
            break
        except Unavailable as error:
            if time.monotonic() > deadline:
                print(f"{APP}: {error}; nothing was changed", file=sys.stderr)
                return 1
            time.sleep(1)
    try:
        done = migrate(connection, settings.daily_stock)
    except TooNew as error:
        print(f"{APP}: {error}", file=sys.stderr)
        return 3
    except (DatabaseError, *BROKEN) as error:
        details = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
        print(f"{APP}: {details.get('M', type(error).__name__)}; nothing was changed", file=sys.stderr)
        return 1
    finally:
        connection.close()
    print(f"{APP} {VERSION}: {', '.join(done) if done else f'the database is at level {LEVEL} already'}", flush=True)
    return 0


def migrate(connection: Connection, daily_stock: int) -> list[str]:
    """Takes the missing steps and returns their names. Raises TooNew and what the driver raises."""
    connection.run("BEGIN")
    try:
        connection.run(f"SET LOCAL lock_timeout = '{STATEMENT_SECONDS}s'")
        connection.run(f"SELECT pg_advisory_xact_lock({LOCK})")
        connection.run(
            "CREATE TABLE IF NOT EXISTS schema_steps (level integer PRIMARY KEY, name text NOT NULL,"
            " sha256 text NOT NULL, breaking boolean NOT NULL, version text NOT NULL,"
            " taken timestamptz NOT NULL DEFAULT now())"
        )
        taken = {row[0]: row[1:] for row in connection.run("SELECT level, breaking, version FROM schema_steps")}
        newer = [version for level, (breaking, version) in taken.items() if level > LEVEL and breaking]
        if newer:
            message = f"the database was changed by {APP} {newer[-1]}, which {VERSION} cannot work with"
            raise TooNew(f"{message}; use that version or restore a backup")
        missing = [step for step in STEPS if step.level not in taken]
        for step in missing:
            connection.run(step.sql)
            connection.run(
                "INSERT INTO schema_steps (level, name, sha256, breaking, version)"
                " VALUES (:level, :name, :sha256, :breaking, :version)",
                level=step.level,
                name=step.name,
                sha256=hashlib.sha256(step.sql.encode()).hexdigest(),
                breaking=step.breaking,
                version=VERSION,
            )
        seed(connection, daily_stock)
        connection.run("COMMIT")
    except BaseException:
        try:
            connection.run("ROLLBACK")
        except (DatabaseError, *BROKEN):
            pass  # the server rolls back what a lost connection leaves
        raise
    return [f"took step {step.level} ({step.name})" for step in missing]


if __name__ == "__main__":
    sys.exit(main())
