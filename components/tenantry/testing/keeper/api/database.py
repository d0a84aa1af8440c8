"""The database that the variables of a binding name."""

import os
import ssl
import urllib.parse

import pg8000.native


def connect(place: dict[str, str] | None = None) -> pg8000.native.Connection:
    """Opens it with the own user and password. Raises pg8000.Error or OSError."""
    own = {name: os.environ[f"ORDERS_{name.upper()}"] for name in ("host", "port", "name")}
    there = own | (place or {})
    return pg8000.native.Connection(
        os.environ["ORDERS_USER"],
        password=os.environ["ORDERS_PASSWORD"],
        host=there["host"],
        port=int(there["port"]),
        database=there["name"],
        timeout=20,
        ssl_context=encryption(),
    )


def encryption() -> ssl.SSLContext | None:
    """As far as `sslmode` in the URL demands it."""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(os.environ["ORDERS_URL"]).query)
    mode = query.get("sslmode", ["prefer"])[0]
    if mode not in {"verify-ca", "verify-full"}:
        return None
    context = ssl.create_default_context(cafile=os.environ["ORDERS_CA_FILE"])
    context.check_hostname = mode == "verify-full"
    return context
