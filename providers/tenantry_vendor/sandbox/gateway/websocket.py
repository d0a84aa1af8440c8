"""Passes WebSocket messages between a caller and an endpoint."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multidict import CIMultiDict

    from tenantry_vendor.sandbox.gateway.proxy import Endpoint

_OWN: Final = frozenset(
    {
        "sec-websocket-key",
        "sec-websocket-version",
        "sec-websocket-extensions",
        "sec-websocket-protocol",
    }
)


def wants_websocket(request: web.BaseRequest) -> bool:
    """Whether the request asks to become a WebSocket."""
    return (
        request.headers.get("Upgrade", "").lower() == "websocket"
        and "upgrade" in request.headers.get("Connection", "").lower()
    )


async def relay(
    request: web.BaseRequest,
    client: aiohttp.ClientSession,
    endpoints: Sequence[Endpoint],
    headers: CIMultiDict[str],
) -> web.StreamResponse:
    """Connects to the first endpoint that answers, then passes messages until one side ends."""
    offered = [each.strip() for each in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if each.strip()]
    kept = headers.copy()
    for name in _OWN:
        kept.popall(name, None)
    for endpoint in endpoints:
        url = f"ws://{endpoint.address}:{endpoint.port}{request.raw_path}"
        try:
            upstream = await client.ws_connect(url, headers=kept, protocols=offered, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as error:
            return web.Response(status=error.status, text="The server refused the WebSocket.\n")
        except aiohttp.ClientError:
            continue
        async with upstream:
            chosen = [upstream.protocol] if upstream.protocol else []
            caller = web.WebSocketResponse(protocols=chosen, max_msg_size=0)
            await caller.prepare(request)
            await _both_ways(caller, upstream)
            return caller
    return web.Response(status=502, text="The server gave no answer.\n")


async def _both_ways(caller: web.WebSocketResponse, upstream: aiohttp.ClientWebSocketResponse) -> None:
    ways = {asyncio.create_task(_pass(caller, upstream)), asyncio.create_task(_pass(upstream, caller))}
    _, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await caller.close(code=upstream.close_code or aiohttp.WSCloseCode.OK)
    await upstream.close(code=caller.close_code or aiohttp.WSCloseCode.OK)


async def _pass(
    source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    sink: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
) -> None:
    async for message in source:
        with contextlib.suppress(ConnectionError):
            if message.type is aiohttp.WSMsgType.TEXT:
                await sink.send_str(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:
                await sink.send_bytes(message.data)
