"""Startup, readiness and liveness probes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

import aiohttp
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from tenantry_kubernetes.client.requests import Object

LOOPBACK: Final = "127.0.0.1"
Verdict: TypeAlias = "Callable[[str], Awaitable[bool]]"
"""Called with the last failure, "" where the probe holds now; answers whether to go on."""
_OK: Final = range(200, 400)
_OUTPUT: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a probe acts on: the container's local ports and names of ports, and how a command runs in it."""

    ports: Mapping[int, int]
    port_names: Mapping[str, int]
    command: Callable[[list[str]], list[str]] = field(default=lambda line: line)
    cwd: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


def port_target(container: Object, ports: Mapping[int, int]) -> Target:
    """What probes of this container act on, commands apart."""
    declared = container.get("ports") or []
    names = {port["name"]: int(port["containerPort"]) for port in declared if port.get("name")}
    return Target(ports=dict(ports), port_names=names)


@dataclass(slots=True)
class Threshold:
    """Turns single results into a verdict: it changes after `success` or `failure` equal results in a row."""

    success: int
    failure: int
    _last: bool | None = None
    _run: int = 0

    def record(self, *, ok: bool) -> bool | None:
        """The verdict where this result reaches the threshold, else None."""
        self._run = self._run + 1 if ok == self._last else 1
        self._last = ok
        return ok if self._run >= (self.success if ok else self.failure) else None


async def watch(
    probe: Object,
    target: Target,
    session: aiohttp.ClientSession,
    verdict: Verdict,
) -> None:
    """Runs the probe at its times and tells every verdict with the last failure, until `verdict` answers False."""
    threshold = Threshold(int(probe.get("successThreshold") or 1), int(probe.get("failureThreshold") or 3))
    await asyncio.sleep(int(probe.get("initialDelaySeconds") or 0))
    while True:
        failure = await attempt(probe, target, session)
        decided = threshold.record(ok=not failure)
        if decided is not None and not await verdict(failure):
            return
        await asyncio.sleep(int(probe.get("periodSeconds") or 10))


async def attempt(probe: Object, target: Target, session: aiohttp.ClientSession) -> str:
    """Runs the probe once; "" where it succeeds, else what was wrong."""
    seconds = int(probe.get("timeoutSeconds") or 1)
    try:
        async with asyncio.timeout(seconds):
            return await act(probe, target, session)
    except TimeoutError:
        return f"no answer within {seconds} s"


async def act(action: Object, target: Target, session: aiohttp.ClientSession) -> str:
    """Does what a probe or a lifecycle hook says; "" where it succeeds, else what was wrong."""
    if "httpGet" in action:
        return await _http_get(action["httpGet"], target, session)
    if "exec" in action:
        return await _run(action["exec"].get("command") or [], target)
    if "tcpSocket" in action:
        return await _connect(action["tcpSocket"]["port"], target)
    if "sleep" in action:
        await asyncio.sleep(float(action["sleep"]["seconds"]))
        return ""
    return f"the sandbox's node does not know {', '.join(sorted(set(action) & {'grpc'})) or 'this kind of action'}"


def local_port(port: int | str, target: Target) -> int | None:
    """The port on 127.0.0.1 behind a container port's number or name; None where the container does not declare it."""
    number = target.port_names.get(str(port)) if not str(port).isdigit() else int(port)
    return None if number is None else target.ports.get(number)


def _undeclared(port: int | str) -> str:
    return f"port {port} is not among the container's ports, so the sandbox does not know its local port"


async def _http_get(action: Object, target: Target, session: aiohttp.ClientSession) -> str:
    port = local_port(action["port"], target)
    if port is None:
        return _undeclared(action["port"])
    scheme = str(action.get("scheme") or "HTTP").lower()
    path = str(action.get("path") or "/")
    url = URL(f"{scheme}://{LOOPBACK}:{port}/{path.removeprefix('/')}", encoded=True)
    headers = {each["name"]: each["value"] for each in action.get("httpHeaders") or []}
    try:
        async with session.get(url, headers=headers, allow_redirects=False, ssl=False) as answer:
            return "" if answer.status in _OK else f"HTTP probe failed with statuscode: {answer.status}"
    except aiohttp.ClientError as error:
        return f"{path}: {error}"


async def _connect(port: int | str, target: Target) -> str:
    local = local_port(port, target)
    if local is None:
        return _undeclared(port)
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, local)
    except OSError as error:
        return str(error)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return ""


async def _run(command: list[str], target: Target) -> str:
    line = target.command(command)
    try:
        process = await asyncio.create_subprocess_exec(
            *line,
            env=dict(target.environment),
            cwd=target.cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return f"cannot run {line[0]}: {error.strerror}"
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    text = output.decode("utf-8", "replace").strip()[:_OUTPUT]
    return "" if process.returncode == 0 else f"exit status {process.returncode}: {text}"
