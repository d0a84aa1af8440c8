"""HTTP for the shop: body limits, answers and errors as JSON, one log line per request."""

from __future__ import annotations

import json
import re
import sys
import time
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs, quote

from errors import Refused, Unavailable
from routes import TASKS, Reply, Request, answer
from settings import APP, VERSION
from visitors import SESSION_SECONDS

if TYPE_CHECKING:
    from server import ShopServer

MAX_BODY = 16 * 1024
MAX_DISCARDED = 1024 * 1024
IDLE_SECONDS = 75
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Handler(BaseHTTPRequestHandler):
    """The requests of one connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    started = 0.0

    @property
    def app(self) -> ShopServer:
        """The server, by its real type."""
        return cast("ShopServer", self.server)

    def version_string(self) -> str:
        """The `Server` header."""
        return f"{APP}/{VERSION}"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: `_send` writes the one line per request."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses (a bad request line, too many headers) is answered as JSON too."""
        self.close_connection = True
        self.started = time.monotonic()
        self._send(Reply(int(code), _error("bad_request", message or "The request was refused.")))

    def do_GET(self) -> None:
        """Every method goes through the same routes."""
        self.started = time.monotonic()
        self.app.count(1)
        try:
            self._send(self._reply())
        finally:
            self.app.count(-1)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET

    def _reply(self) -> Reply:
        try:
            body = self._read_body()
            path, _, query = self.path.partition("?")
            request = Request(
                method="GET" if self.command == "HEAD" else self.command,
                path=path,
                query=_read_query(query),
                body=body,
                token=self._read_token(),
                site=self.headers.get("Sec-Fetch-Site", "same-origin"),
                key=self._read_key(),
            )
            return answer(self.app.pool, self.app.settings, request)
        except Refused as refused:
            return Reply(refused.status, _error(refused.code, refused.message, refused.fields), allow=refused.allow)
        except Unavailable as trouble:
            print(f"request failed: {trouble}", flush=True)
            return Reply(503, _error("unavailable", f"The {trouble.what} does not answer. Please try again soon."))
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:  # the visitor gets an answer whatever breaks; the log gets its kind, not its text
            print(f"request failed: {type(error).__name__}", flush=True)
            self.close_connection = True
            return Reply(500, _error("internal", "Something went wrong. Please try again."))

    def _read_body(self) -> dict[str, object]:
        lengths = self.headers.get_all("Content-Length", ["0"])
        if "Transfer-Encoding" in self.headers:
            raise self._unread(411, "length_required", "Send a Content-Length.")
        if len(lengths) != 1 or not (lengths[0].isascii() and lengths[0].isdigit()) or len(lengths[0]) > 12:
            raise self._unread(400, "bad_request", "Content-Length is not one number.")
        length = int(lengths[0])
        if length > MAX_BODY:
            # a client that is still sending would not see the answer
            self.rfile.read(min(length, MAX_DISCARDED))
            raise self._unread(413, "too_large", f"A body may have at most {MAX_BODY} bytes.")
        raw = self.rfile.read(length)
        if self.command not in ("POST", "PUT") or self.path.startswith(TASKS):
            return {}
        # pages of other sites cannot send this type without asking first
        if self.headers.get_content_type() != "application/json":
            raise Refused(415, "not_json", "Send a body of type application/json.")
        try:
            body = json.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError):
            raise Refused(400, "not_json", "The body is not valid JSON.") from None
        if len(raw) != length or not isinstance(body, dict):
            raise Refused(400, "not_json", "The body must be one JSON object.")
        return body

    def _unread(self, status: int, code: str, message: str) -> Refused:
        self.close_connection = True
        return Refused(status, code, message)

    def _read_key(self) -> str | None:
        key = self.headers.get("Idempotency-Key")
        if key is not None and not re.fullmatch("[A-Za-z0-9._:-]{8,80}", key):
            message = "8 to 80 letters, digits, dots, colons, hyphens and underscores"
            raise Refused(422, "invalid", "The Idempotency-Key is not valid.", {"Idempotency-Key": message})
        return key

    def _read_token(self) -> str:
        # clients that keep no cookies, such as mini-programs, carry their session themselves
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return token.strip()
        try:
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get(self.app.cookie)
        except CookieError:
            return ""
        return cookie.value if cookie else ""

    def _send(self, reply: Reply) -> None:
        data = json.dumps(reply.body, ensure_ascii=False, separators=(",", ":")).encode()
        self.send_response_only(reply.status)
        self.send_header("Server", self.version_string())
        self.send_header("Date", self.date_time_string())
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        if reply.status == 503:
            self.send_header("Retry-After", "2")
        if reply.allow:
            self.send_header("Allow", reply.allow)
        if reply.location:
            self.send_header("Location", reply.location)
        if reply.token:
            secure = "; Secure" if self.app.cookie.startswith("__Host-") else ""
            attributes = f"Path=/; HttpOnly; SameSite=Lax; Max-Age={SESSION_SECONDS}{secure}"
            self.send_header("Set-Cookie", f"{self.app.cookie}={reply.token}; {attributes}")
        if self.app.draining or self.close_connection:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        self.wfile.flush()
        self._log(reply.status)

    def _log(self, status: int) -> None:
        # the query and every header stay out: they may hold what a visitor typed
        path = quote(self.path.partition("?")[0], safe="/%-._~")[:200] if self.command else "-"
        elapsed = (time.monotonic() - self.started) * 1000
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        # one write per line: threads share the output
        sys.stdout.write(f"{moment} {self.command or '-'} {path} {status} {elapsed:.1f}ms\n")
        sys.stdout.flush()


def _read_query(query: str) -> dict[str, str]:
    try:
        return {key: values[-1] for key, values in parse_qs(query, max_num_fields=20).items()}
    except ValueError:
        raise Refused(400, "bad_request", "The query has too many fields.") from None


def _error(code: str, message: str, fields: dict[str, str] | None = None) -> dict[str, object]:
    return {"error": {"code": code, "message": message, **({"fields": fields} if fields else {})}}
