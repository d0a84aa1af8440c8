"""Commands inside running containers: the node's side of the `exec` subresource, protocol v4.channel.k8s.io."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry_kubernetes.sandbox.node.pod import PodWorker

PROTOCOL: Final = "v4.channel.k8s.io"
_STDIN, _STDOUT, _STDERR, _ERROR = 0, 1, 2, 3
_BLOCK: Final = 64 * 1024
_LONGEST_FRAME: Final = 16 * 2**20
_NOT_FOUND: Final = 127


async def handle(request: web.Request, find: Callable[[str, str], PodWorker | None]) -> web.StreamResponse:
    """Runs the command that the query names, beside the container's own process."""
    worker = find(request.match_info["namespace"], request.match_info["pod"])
    container = worker.find(request.match_info["container"]) if worker is not None else None
    if container is None or not container.is_running:
        return web.Response(status=404, text="The node runs no such container.\n")
    if request.query.get("tty") in {"1", "true"}:
        return web.Response(status=400, text="The sandbox's node gives no terminals.\n")
    socket = web.WebSocketResponse(protocols=(PROTOCOL,), max_msg_size=_LONGEST_FRAME)
    if not socket.can_prepare(request):
        return web.Response(status=400, text=f"The sandbox's node runs commands over WebSockets only ({PROTOCOL}).\n")
    await socket.prepare(request)
    target = container.target
    command = target.command(request.query.getall("command"))
    has_input = request.query.get("stdin", request.query.get("input")) in {"1", "true"}
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=target.cwd,
            env=dict(target.environment),
            stdin=asyncio.subprocess.PIPE if has_input else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        await _finish(socket, _NOT_FOUND, f"{command[0]}: {error.strerror}")
        return socket
    reader = asyncio.create_task(_feed(socket, process))
    try:
        await asyncio.gather(
            _pass_on(socket, process.stdout, _STDOUT),
            _pass_on(socket, process.stderr, _STDERR),
        )
        await _finish(socket, await process.wait(), "")
    except ConnectionError:
        # Whoever asked is gone.
        pass
    finally:
        reader.cancel()
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return socket


async def _feed(socket: web.WebSocketResponse, process: asyncio.subprocess.Process) -> None:
    """Passes standard input on; ends the command where the connection ends."""
    async for message in socket:
        if message.type is WSMsgType.BINARY and message.data[:1] == bytes([_STDIN]) and process.stdin is not None:
            with suppress(ConnectionError):
                process.stdin.write(message.data[1:])
                await process.stdin.drain()
    with suppress(ProcessLookupError):
        process.kill()


async def _pass_on(socket: web.WebSocketResponse, stream: asyncio.StreamReader | None, channel: int) -> None:
    while stream is not None and (block := await stream.read(_BLOCK)):
        await socket.send_bytes(bytes([channel]) + block)


async def _finish(socket: web.WebSocketResponse, code: int, message: str) -> None:
    status: dict[str, object] = {"metadata": {}, "status": "Success"}
    if code:
        # A process that a signal ended has a negative status here.
        shown = code if code >= 0 else 128 - code
        status = {
            "metadata": {},
            "status": "Failure",
            "reason": "NonZeroExitCode",
            "message": message or f"command terminated with non-zero exit code: {shown}",
            "details": {"causes": [{"reason": "ExitCode", "message": str(shown)}]},
        }
    await socket.send_bytes(bytes([_ERROR]) + json.dumps(status).encode())
    await socket.close()
