"""Keeps orders: the words in a database, a copy in a bucket, as far as the instance has them."""

import hashlib
import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from version import VERSION

HAS_DATABASE = "ORDERS_HOST" in os.environ
HAS_BUCKET = "MEDIA_BUCKET" in os.environ
TEXT = "content" if VERSION >= "2" else "text"
LOCK = threading.Lock()

if HAS_DATABASE:
    import database
if HAS_BUCKET:
    import s3


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.reply("GET")

    def do_POST(self) -> None:
        self.reply("POST")

    def reply(self, method: str) -> None:
        path = self.path.split("?", 1)[0]
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        try:
            status, value = self.find(method, path, body)
        except Exception as error:
            status, value = 500, {"error": f"{type(error).__name__}: {error}"}
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def find(self, method: str, path: str, body: dict[str, object]) -> tuple[int, object]:
        match (method, path.strip("/").split("/")):
            case "GET", ["healthz"]:
                return 200, {"ok": True}
            case "GET", ["api", "about"]:
                return 200, about()
            case "POST", ["api", "orders"]:
                return 201, place(str(body["text"]))
            case "GET", ["api", "orders"]:
                return 200, listed()
            case "GET", ["api", "orders", name]:
                order = read(name)
                return (200, order) if order else (404, {"error": "no such order"})
            case "GET", ["api", "data"]:
                return 200, data()
            case "POST", ["tasks", "tick"]:
                with LOCK, opened() as connection:
                    connection.run("INSERT INTO ticks DEFAULT VALUES")
                return 200, {"ok": True}
            case "GET", ["api", "places"]:
                return 200, places()
            case "POST", ["api", "knock"]:
                return 200, knock(body)
        return 404, {"error": "not found", "path": path}

    def log_message(self, format: str, *args: object) -> None:
        print(self.command, self.path.split("?", 1)[0], flush=True)


class opened:
    """A connection for one request."""

    def __enter__(self) -> "database.pg8000.native.Connection":
        self.connection = database.connect()
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def about() -> dict[str, object]:
    return {
        "version": VERSION,
        "instance": os.environ["TENANTRY_INSTANCE"],
        "database": HAS_DATABASE,
        "bucket": HAS_BUCKET,
    }


def place(text: str) -> dict[str, object]:
    if HAS_DATABASE:
        with opened() as connection:
            statement = f"INSERT INTO orders ({TEXT}, instance) VALUES (:text, :instance) RETURNING id"
            ((number,),) = connection.run(statement, text=text, instance=os.environ["TENANTRY_INSTANCE"])
        name = str(number)
    else:
        name = hashlib.sha256(text.encode()).hexdigest()[:12]
    if HAS_BUCKET:
        s3.Bucket().put(f"orders/{name}.txt", text.encode())
    return {"id": name}


def listed() -> list[str]:
    if HAS_DATABASE:
        with opened() as connection:
            return [str(number) for (number,) in connection.run("SELECT id FROM orders ORDER BY id")]
    return [key.removeprefix("orders/").removesuffix(".txt") for key in s3.Bucket().keys()]


def read(name: str) -> dict[str, object]:
    if name not in listed():
        return {}
    order: dict[str, object] = {"id": name}
    if HAS_DATABASE:
        with opened() as connection:
            query = f"SELECT {TEXT}, instance FROM orders WHERE id = :id"
            ((order["text"], order["instance"]),) = connection.run(query, id=int(name))
    if HAS_BUCKET:
        bucket = s3.Bucket()
        order["copy"] = bucket.get(f"orders/{name}.txt").decode()
        order["link"] = bucket.link("GET", f"orders/{name}.txt", endpoint=os.environ["MEDIA_PUBLIC_ENDPOINT"])
    return order


def data() -> dict[str, object]:
    """What the tables hold beside the orders: runs of migrations, calls of the schedule, columns."""
    with opened() as connection:
        ((ticks,),) = connection.run("SELECT count(*) FROM ticks")
        columns = connection.run("SELECT column_name FROM information_schema.columns WHERE table_name = 'orders'")
        return {
            "runs": [version for (version,) in connection.run("SELECT version FROM runs")],
            "ticks": ticks,
            "columns": sorted(name for (name,) in columns),
        }


def places() -> dict[str, dict[str, str]]:
    """Where the data is, without what opens it."""
    found = {}
    if HAS_DATABASE:
        found["orders"] = {name: os.environ[f"ORDERS_{name.upper()}"] for name in ("host", "port", "name")}
    if HAS_BUCKET:
        names = ("endpoint", "region", "bucket", "addressing")
        found["media"] = {name: os.environ[f"MEDIA_{name.upper()}"] for name in names}
    return found


def knock(other: dict[str, object]) -> dict[str, str]:
    """Tries the own credentials at somebody else's places."""
    said = {}
    if HAS_DATABASE:
        try:
            database.connect(other["orders"]).run("SELECT 1")
            said["orders"] = "open"
        except Exception as error:
            said["orders"] = f"refused: {error}"
    if HAS_BUCKET:
        try:
            s3.Bucket(other["media"]).keys()
            said["media"] = "open"
        except Exception as error:
            said["media"] = f"refused: {error}"
    return said


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer((os.environ.get("HOST", "0.0.0.0"), int(os.environ["PORT"])), Handler).serve_forever()
