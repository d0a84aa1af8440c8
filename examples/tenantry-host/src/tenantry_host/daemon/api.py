"""The control interface: HTTP with a bearer token. Errors are `{"error": {"code", "message", "hint"}}`."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web
from tenantry_vendor.sandbox import logfile

from tenantry_host.daemon.errors import RefusedError
from tenantry_host.daemon.store import Key
from tenantry_host.runtime import PLUGIN_VERSION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenantry_host.daemon.host import Host
    from tenantry_host.daemon.store import Store

_MAX_BODY = 48 * 2**20


def application(host: Host) -> web.Application:
    """The interface of one host."""
    made = web.Application(client_max_size=_MAX_BODY, middlewares=[_guard(host.store), _explain])
    api = _Api(host)
    made.add_routes(
        [
            web.get("/v1/host", api.host),
            web.get("/v1/sources/{digest}", api.has_source),
            web.put("/v1/sources/{digest}", api.put_source),
            web.get("/v1/instances/{instance}", api.list),
            web.get("/v1/instances/{instance}/logs/{name}", api.logs),
            web.get("/v1/instances/{instance}/{kind}/{name}", api.get),
            web.put("/v1/instances/{instance}/{kind}/{name}", api.put),
            web.delete("/v1/instances/{instance}/{kind}/{name}", api.delete),
        ]
    )
    return made


class _Api:
    def __init__(self, host: Host) -> None:
        self._host = host

    async def host(self, _request: web.Request) -> web.Response:
        return web.json_response({"id": self._host.store.host_id, "version": PLUGIN_VERSION})

    async def has_source(self, request: web.Request) -> web.Response:
        self._host.sources.find(request.match_info["digest"])
        return web.Response(status=204)

    async def put_source(self, request: web.Request) -> web.Response:
        self._host.sources.add(request.match_info["digest"], await request.read())
        return web.Response(status=204)

    async def list(self, request: web.Request) -> web.Response:
        return web.json_response([str(key) for key in self._host.store.entries(request.match_info["instance"])])

    async def get(self, request: web.Request) -> web.Response:
        spec = self._host.store.get(_key(request))
        if spec is None:
            raise RefusedError(404, "not_found", "The host does not have it.")
        return web.json_response(spec)

    async def put(self, request: web.Request) -> web.Response:
        try:
            spec = json.loads(await request.read())
            await self._host.put(_key(request), spec)
        except (ValueError, KeyError, TypeError) as error:
            raise RefusedError(400, "bad_spec", f"The order cannot be understood: {type(error).__name__}") from error
        return web.Response(status=204)

    async def delete(self, request: web.Request) -> web.Response:
        await self._host.delete(_key(request))
        return web.Response(status=204)

    async def logs(self, request: web.Request) -> web.Response:
        key = Key.checked("apps", request.match_info["instance"], request.match_info["name"])
        file = self._host.log_file(key.instance, key.name)
        try:
            begin, tail = int(request.query.get("from", "-1")), int(request.query.get("tail", "100"))
        except ValueError as error:
            raise RefusedError(400, "bad_query", "`from` and `tail` are numbers.") from error
        size = file.stat().st_size if file.exists() else 0
        if begin < 0:
            return web.json_response({"lines": logfile.tail(file, tail), "position": size})
        if not 0 <= begin <= size:
            begin = 0
        with file.open("rb") if file.exists() else file.parent.open("rb") as opened:
            opened.seek(begin)
            text = opened.read(size - begin)
        whole = text.rpartition(b"\n")[0]
        lines = whole.decode("utf-8", "replace").splitlines() if whole else []
        return web.json_response({"lines": lines, "position": begin + (len(whole) + 1 if whole else 0)})


def _key(request: web.Request) -> Key:
    found = request.match_info
    return Key.checked(found["kind"], found["instance"], found["name"])


def _guard(store: Store) -> Any:  # noqa: ANN401 - aiohttp's type of a middleware
    """Reads the tokens anew each time: one that was taken away lets nobody in."""

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        known = [hmac.compare_digest(given, f"Bearer {token}".encode()) for token in store.tokens]
        if not any(known):
            return _error(RefusedError(401, "bad_token", "The host does not know this token.", "Correct the token."))
        return await handler(request)

    return guard


@web.middleware
async def _explain(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedError as error:
        return _error(error)


def _error(error: RefusedError) -> web.Response:
    found = {"code": error.code, "message": error.message, "hint": error.hint}
    return web.json_response({"error": found}, status=error.status)
