"""Forwards requests to the endpoints behind their rule, streaming both ways."""

from __future__ import annotations

import contextlib
import itertools
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from tenantry_vendor.sandbox.gateway.routing import Table, bare_host
from tenantry_vendor.sandbox.gateway.websocket import relay, wants_websocket

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tenantry_vendor.sandbox.gateway.routing import Rule

_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
    }
)
_FORWARDED: Final = frozenset(
    {"x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "forwarded"}
)
_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CONNECT_SECONDS: Final = 5.0
_log = logging.getLogger("gateway")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server that answers for a backend; `name` is for the log."""

    address: str
    port: int
    name: str


class UpstreamError(Exception):
    """No endpoint gave an answer."""


class Proxy:
    """Answers every request of every listener. `addresses` maps a listener's address to the host that it stands for."""

    def __init__(self, health_host: str) -> None:
        self.table = Table()
        self.endpoints: Mapping[str, Sequence[Endpoint]] = {}
        self.addresses: Mapping[str, str] = {}
        self.ready = False
        self._health_host = health_host
        self._turns: dict[str, Iterator[int]] = {}
        self._session: aiohttp.ClientSession | None = None

    def knows(self, host: str) -> bool:
        """Whether this host is routed now."""
        return self.table.knows(host)

    async def start(self) -> None:
        """Opens the client side."""
        # A connection per request: one kept open could end between two requests, and the request on it would be lost.
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            max_line_size=64 * 1024,
            max_field_size=64 * 1024,
        )

    async def close(self) -> None:
        """Closes the client side."""
        if self._session is not None:
            await self._session.close()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one request."""
        begin = time.monotonic()
        named = bare_host(request.headers.get("Host", ""))
        if named == self._health_host:
            return self._health()
        local = request.transport.get_extra_info("sockname")[0] if request.transport is not None else ""
        host = self.addresses.get(local, named) if named in {local, ""} else named
        path = unquote(request.raw_path.partition("?")[0].partition("#")[0])
        rule = self.table.match(host, path, request.method, request.headers)
        answer = await self._answer(request, host, rule)
        took = (time.monotonic() - begin) * 1000
        # Without the query: it may hold what no log may.
        _log.info("%s %s %s -> %s %.0f ms", host, request.method, path, answer.status, took)
        return answer

    async def _answer(self, request: web.BaseRequest, host: str, rule: Rule | None) -> web.StreamResponse:
        if rule is None:
            return self._nothing(host)
        key = self._pick(rule)
        if not key:
            return _plain(500, f"{rule.source} names a backend that does not exist.")
        endpoints = self._in_turn(key)
        if not endpoints:
            return _plain(503, f"No endpoint of {key} is ready.")
        try:
            if wants_websocket(request):
                return await relay(request, self._client(), endpoints, self._headers(request))
            return await self._forward(request, endpoints)
        except UpstreamError as error:
            _log.warning("%s: %s", key, error)
            return _plain(502, f"{key} gave no answer.")

    def _nothing(self, host: str) -> web.Response:
        if not self.ready:
            return _plain(503, "The gateway is starting.")
        if self.table.knows(host):
            return _plain(404, f"Nothing is routed at this path of {host}.")
        return _plain(404, f"No instance is routed at {host!r}.")

    async def _forward(self, request: web.BaseRequest, endpoints: Sequence[Endpoint]) -> web.StreamResponse:
        headers = self._headers(request)
        repeatable = request.method in _REPEATABLE and not request.body_exists
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        failure = ""
        for endpoint in endpoints:
            url = URL(f"http://{endpoint.address}:{endpoint.port}{_target(request)}", encoded=True)
            data = request.content if request.body_exists else None
            try:
                upstream = await self._client().request(
                    request.method, url, headers=headers, data=data, allow_redirects=False
                )
            except aiohttp.ClientConnectorError as error:
                # Nothing was sent: another endpoint may have the request, whatever it is.
                failure = f"{endpoint.name}: {error}"
                continue
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                failure = f"{endpoint.name}: {error or type(error).__name__}"
                if repeatable:
                    continue
                break
            async with upstream:
                return await _pass_on(request, upstream)
        raise UpstreamError(failure)

    def _headers(self, request: web.BaseRequest) -> CIMultiDict[str]:
        dropped = (
            _HOP | _FORWARDED | {name.strip().lower() for name in request.headers.get("Connection", "").split(",")}
        )
        headers = CIMultiDict((name, value) for name, value in request.headers.items() if name.lower() not in dropped)
        sockname = request.transport.get_extra_info("sockname") if request.transport is not None else ("", 0)
        headers["X-Forwarded-For"] = request.remote or ""
        headers["X-Forwarded-Host"] = request.headers.get("Host", "")
        headers["X-Forwarded-Proto"] = "https" if request.secure else "http"
        headers["X-Forwarded-Port"] = str(sockname[1])
        return headers

    def _pick(self, rule: Rule) -> str:
        shares = [backend for backend in rule.backends if backend.weight > 0]
        if not shares:
            return ""
        if len(shares) == 1:
            return shares[0].key
        turn = self._turn(repr(rule.says)) % sum(backend.weight for backend in shares)
        for backend in shares:
            turn -= backend.weight
            if turn < 0:
                return backend.key
        return ""

    def _in_turn(self, key: str) -> list[Endpoint]:
        """The endpoints of a backend, each time another one first."""
        endpoints = list(self.endpoints.get(key, ()))
        if len(endpoints) > 1:
            first = self._turn(key) % len(endpoints)
            endpoints = endpoints[first:] + endpoints[:first]
        return endpoints

    def _turn(self, key: str) -> int:
        return next(self._turns.setdefault(key, itertools.count()))

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the proxy was not started")
        return self._session

    def _health(self) -> web.Response:
        if not self.ready:
            return _plain(503, "The gateway is starting.")
        return web.json_response({"rules": len(self.table.rules), "hosts": self.table.hosts})


def _target(request: web.BaseRequest) -> str:
    # The request's own bytes: neither decoded nor normalised. A proxy's absolute form is reduced to its path.
    raw = request.raw_path
    return raw if raw.startswith("/") else (request.rel_url.raw_path_qs or "/")


async def _pass_on(request: web.BaseRequest, upstream: aiohttp.ClientResponse) -> web.StreamResponse:
    headers = CIMultiDict((name, value) for name, value in upstream.headers.items() if name.lower() not in _HOP)
    response = web.StreamResponse(status=upstream.status, reason=upstream.reason, headers=headers)
    await response.prepare(request)
    try:
        async for chunk in upstream.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
    except (TimeoutError, aiohttp.ClientPayloadError, aiohttp.ClientOSError) as error:
        # The status is already sent. A broken connection is the only honest way to say that the body is not whole.
        _log.warning("the answer broke off: %s", error)
        if request.transport is not None:
            request.transport.abort()
    except ConnectionResetError:
        with contextlib.suppress(Exception):
            upstream.close()
    return response


def _plain(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text + "\n", headers={"X-Content-Type-Options": "nosniff"})
