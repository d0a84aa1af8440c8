"""PostgreSQL: where it is, and a small pool of connections that outlives a restart of the database."""

from __future__ import annotations

import queue
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from errors import Unavailable
from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

POOL_SIZE = 6
POOL_WAIT_SECONDS = 5
SOCKET_SECONDS = 15
STATEMENT_SECONDS = 10
ATTEMPTS = 3
SSL_MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")
BROKEN = (InterfaceError, OSError, struct.error)
# Serialisation failure, deadlock, and a random order number that is taken: the same work may succeed now.
TRY_AGAIN = ("40001", "40P01", "23505")
# What says something about the server, not about the statement: connection, resources, operator, system; a lock that is
# held too long; and tables that a newer version has changed meanwhile.
SERVER_TROUBLE = ("08", "53", "57", "58", "55P03", "42703", "42P01")


@dataclass(frozen=True, slots=True)
class Target:
    """One database and how to reach it. `ca_file` is the certificate authority to trust, empty where none is given."""

    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)
    ssl_mode: str = "prefer"
    ca_file: str = ""


def read_target(env: Mapping[str, str], problems: list[str]) -> Target | None:
    """The database of ORDERS_URL; appends to `problems` what is wrong with it."""
    try:
        url = urlsplit(env.get("ORDERS_URL", ""))
        query = parse_qs(url.query)
        port = url.port or 5432
    except ValueError:
        problems.append("ORDERS_URL is not a URL")
        return None
    mode = query.get("sslmode", ["prefer"])[-1]
    if url.scheme not in ("postgresql", "postgres") or not url.hostname or len(url.path) < 2:
        problems.append("ORDERS_URL must look like postgresql://user:password@host:5432/name")
        return None
    if mode not in SSL_MODES:
        problems.append(f"sslmode in ORDERS_URL must be one of {', '.join(SSL_MODES)}")
        return None
    return Target(
        host=url.hostname,
        port=port,
        name=unquote(url.path[1:]),
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        ssl_mode=mode,
        ca_file=query.get("sslrootcert", [env.get("ORDERS_CA_FILE", "")])[-1],
    )


def connect(target: Target, statement_seconds: int = STATEMENT_SECONDS) -> Connection:
    """A new connection. Raises Unavailable."""
    try:
        connection = Connection(
            target.user,
            host=target.host,
            port=target.port,
            database=target.name,
            password=target.password,
            ssl_context=_ssl(target),
            timeout=statement_seconds + SOCKET_SECONDS - STATEMENT_SECONDS,
            application_name="shop",
        )
        limits = f"SET statement_timeout = '{statement_seconds}s'; SET lock_timeout = '5s'"
        connection.run(f"{limits}; SET idle_in_transaction_session_timeout = '30s'; SET timezone = 'UTC'")
    except (DatabaseError, *BROKEN) as error:
        raise Unavailable("database", _reason(error)) from None
    return connection


def _ssl(target: Target) -> ssl.SSLContext | bool | None:
    # None is the driver's word for "TLS where the server has it", False for "no TLS".
    if target.ssl_mode in ("disable", "prefer"):
        return False if target.ssl_mode == "disable" else None
    context = ssl.create_default_context(cafile=target.ca_file or None)
    context.check_hostname = target.ssl_mode == "verify-full"
    if target.ssl_mode == "require" and not target.ca_file:
        context.verify_mode = ssl.CERT_NONE
    return context


class Pool:
    """A bounded number of connections, made when they are needed. Safe to use from threads."""

    def __init__(self, target: Target, size: int = POOL_SIZE) -> None:
        self._target = target
        self._slots = threading.BoundedSemaphore(size)
        self._idle: queue.LifoQueue[Connection] = queue.LifoQueue()

    def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns; its statements are one transaction. It may be called again, so it has no other effect.

        Raises Unavailable where the database cannot be had, and whatever `work` raises.
        """
        if not self._slots.acquire(timeout=POOL_WAIT_SECONDS):
            raise Unavailable("database", "every connection is in use")
        try:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    return self._transaction(work)
                except DatabaseError as error:
                    if _code(error) not in TRY_AGAIN or attempt == ATTEMPTS:
                        raise
                    time.sleep(0.02 * attempt)
            raise AssertionError
        finally:
            self._slots.release()

    def close(self) -> None:
        """Closes every connection that is not in use."""
        while True:
            try:
                _quietly_close(self._idle.get_nowait())
            except queue.Empty:
                return

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        connection = self._begin()
        keep = False
        try:
            result = work(connection)
            connection.run("COMMIT")
            keep = True
            return result
        except DatabaseError as error:
            keep = _rolled_back(connection)
            if _code(error).startswith(SERVER_TROUBLE):
                keep = False
                raise Unavailable("database", _reason(error)) from None
            raise
        except BROKEN as error:
            raise Unavailable("database", _reason(error)) from None
        except BaseException:
            keep = _rolled_back(connection)
            raise
        finally:
            if keep:
                self._idle.put(connection)
            else:
                _quietly_close(connection)

    def _begin(self) -> Connection:
        while True:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                break
            try:
                connection.run("BEGIN")
            except (DatabaseError, *BROKEN):
                # The database was restarted since; the others are as old, so they go the same way.
                _quietly_close(connection)
                continue
            return connection
        connection = connect(self._target)
        try:
            connection.run("BEGIN")
        except (DatabaseError, *BROKEN) as error:
            _quietly_close(connection)
            raise Unavailable("database", _reason(error)) from None
        return connection


def _rolled_back(connection: Connection) -> bool:
    try:
        connection.run("ROLLBACK")
    except (DatabaseError, *BROKEN):
        return False
    return True


def _quietly_close(connection: Connection) -> None:
    try:
        connection.close()
    except (DatabaseError, *BROKEN):
        return


def _code(error: BaseException) -> str:
    details = error.args[0] if error.args else None
    return str(details.get("C", "")) if isinstance(details, dict) else ""


def _reason(error: BaseException) -> str:
    # The server's text may hold values that a visitor typed: only its code is told.
    return f"{type(error).__name__} {_code(error)}".strip()
