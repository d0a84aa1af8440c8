"""The node's HTTPS endpoint, which the API server asks for the logs of containers and to run commands in them."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final

from aiohttp import web

from tenantry_kubernetes.sandbox.node import exec_server
from tenantry_vendor.sandbox import logfile

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry_kubernetes.sandbox.layout import Layout
    from tenantry_kubernetes.sandbox.node.pod import PodWorker

_POLL_SECONDS: Final = 0.3
_NOT_KEPT: Final = ("timestamps", "sinceSeconds", "sinceTime")


async def serve(layout: Layout, port: int, find: Callable[[str, str], PodWorker | None]) -> web.AppRunner:
    """Listens on 127.0.0.1; only holders of a certificate of the sandbox's own authority are answered."""
    application = web.Application()

    async def health(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def logs(request: web.Request) -> web.StreamResponse:
        return await _logs(request, find)

    async def run(request: web.Request) -> web.StreamResponse:
        return await exec_server.handle(request, find)

    application.router.add_get("/healthz", health)
    application.router.add_get("/exec/{namespace}/{pod}/{container}", run)
    application.router.add_get("/containerLogs/{namespace}/{pod}/{container}", logs)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(layout.keys / "ca.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(layout.keys / "node.pem", layout.keys / "node.key")
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    return runner


async def _logs(request: web.Request, find: Callable[[str, str], PodWorker | None]) -> web.StreamResponse:
    query = request.query
    asked = [name for name in _NOT_KEPT if query.get(name) not in {None, "", "false"}]
    if asked:
        return web.Response(status=400, text=f"The sandbox's node keeps no times of log lines: leave {asked[0]} out.\n")
    worker = find(request.match_info["namespace"], request.match_info["pod"])
    container = worker.find(request.match_info["container"]) if worker is not None else None
    if container is None:
        return web.Response(status=404, text="The node has no such container.\n")
    path = container.previous_log if query.get("previous") == "true" else container.log
    if query.get("previous") == "true" and not path.exists():
        return web.Response(status=400, text=f"previous terminated container {container.name!r} not found\n")
    tail, limit = query.get("tailLines", ""), query.get("limitBytes", "")
    response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
    await response.prepare(request)
    follower = logfile.Follower(path, from_end=True)
    lines = logfile.tail(path, int(tail) if tail.isdigit() else -1)
    text = "".join(f"{line}\n" for line in lines).encode()
    await response.write(text[: int(limit)] if limit.isdigit() else text)
    if query.get("follow") == "true":
        await _follow(
            request,
            response,
            follower,
            lambda: container.log == path and path.exists() and not container.state.finished,
        )
    await response.write_eof()
    return response


async def _follow(
    request: web.Request,
    response: web.StreamResponse,
    follower: logfile.Follower,
    lasts: Callable[[], bool],
) -> None:
    while request.transport is not None and not request.transport.is_closing():
        more = lasts()
        lines = follower.lines()
        if lines:
            await response.write("".join(f"{line}\n" for line in lines).encode())
        elif not more:
            return
        await asyncio.sleep(_POLL_SECONDS)
