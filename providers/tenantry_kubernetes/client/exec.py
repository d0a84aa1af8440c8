"""Runs a command inside a container: the pod's `exec` subresource over a WebSocket, protocol v4.channel.k8s.io."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import aiohttp

from tenantry_kubernetes.client import transport
from tenantry_kubernetes.client.errors import KubernetesError, UnreachableError, from_status
from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.client.tls import context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tenantry_kubernetes.client.kubeconfig import Access

PROTOCOL: Final = "v4.channel.k8s.io"
_STDIN, _STDOUT, _STDERR, _ERROR = 0, 1, 2, 3
_BLOCK: Final = 64 * 1024
_LONGEST_FRAME: Final = 16 * 2**20
_STDERR_KEPT: Final = 32 * 1024
_HEARTBEAT: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended, and the end of what it wrote to standard error."""

    exit_code: int
    stderr: str


def run_in_pod(
    access: Access,
    namespace: str,
    pod: str,
    container: str,
    command: Sequence[str],
    *,
    stdin: Path | None = None,
    stdout: Path | None = None,
    progress: Callable[[], None] = lambda: None,
) -> Finished:
    """Runs a command to its end.

    The protocol cannot close standard input: a command that is given a file must know how much to read.

    Args:
        access: the cluster.
        namespace: the pod's.
        pod: its name.
        container: one of its containers.
        command: program and arguments; no shell is added.
        stdin: a file that the command reads.
        stdout: a file that takes what the command writes.
        progress: called now and then; what it raises ends the call.

    Raises:
        KubernetesError: the server refuses, or the connection broke.
    """
    files = _Files(stdin=stdin, stdout=stdout)
    return asyncio.run(_run(access, (namespace, pod, container), command, files, progress))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    stdin: Path | None
    stdout: Path | None


async def _run(
    access: Access,
    place: tuple[str, str, str],
    command: Sequence[str],
    files: _Files,
    progress: Callable[[], None],
) -> Finished:
    namespace, pod, container = place
    query = [("command", word) for word in command]
    query += [("container", container), ("stdout", "true"), ("stderr", "true")]
    query += [("stdin", "true")] if files.stdin is not None else []
    path = BUILT_IN["v1", "Pod"].path(namespace, pod, "exec")
    secure: Any = context(access) if access.server.startswith("https:") else True
    try:
        async with (
            aiohttp.ClientSession(trust_env=False, headers=transport.headers(access)) as session,
            session.ws_connect(
                f"{access.server}{path}?{urlencode(query)}",
                protocols=[PROTOCOL],
                ssl=secure,
                server_hostname=access.server_name or None,
                max_msg_size=_LONGEST_FRAME,
                heartbeat=_HEARTBEAT,
            ) as socket,
        ):
            sender = asyncio.create_task(_send(socket, files.stdin)) if files.stdin is not None else None
            try:
                return await _receive(access, socket, files.stdout, progress)
            finally:
                if sender is not None:
                    sender.cancel()
                    # Whatever kept it from sending, how the command ended says more.
                    with suppress(asyncio.CancelledError, aiohttp.ClientError, ConnectionError):
                        await sender
    except aiohttp.WSServerHandshakeError as error:
        raise KubernetesError(
            f"The API server refused to run a command in {namespace}/{pod}: {error.message}", status=error.status
        ) from None
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise UnreachableError(access.server, str(error) or type(error).__name__) from None


async def _send(socket: aiohttp.ClientWebSocketResponse, file: Path) -> None:
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            await socket.send_bytes(bytes([_STDIN]) + block)


async def _receive(
    access: Access, socket: aiohttp.ClientWebSocketResponse, stdout: Path | None, progress: Callable[[], None]
) -> Finished:
    errors = b""
    opened = stdout.open("wb") if stdout is not None else None
    try:
        async for message in socket:
            progress()
            if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
                continue
            channel, content = message.data[0], message.data[1:]
            if channel == _STDOUT and opened is not None:
                opened.write(content)
            elif channel == _STDERR:
                errors = (errors + content)[-_STDERR_KEPT:]
            elif channel == _ERROR and content:
                return Finished(exit_code=_exit_code(content), stderr=errors.decode(errors="replace"))
    finally:
        if opened is not None:
            opened.close()
    raise UnreachableError(access.server, "the connection ended before the command")


def _exit_code(content: bytes) -> int:
    """The exit status in the Status object that ends a command. Raises KubernetesError for another failure."""
    try:
        status = json.loads(content)
    except ValueError:
        raise KubernetesError(f"The command could not be run: {content[:300]!r}", status=0) from None
    if status.get("status") == "Success":
        return 0
    for cause in (status.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    raise from_status(0, status | {"kind": "Status"}, "The command could not be run")
