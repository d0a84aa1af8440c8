"""Plays the service proxy: every Service is served at a loopback address of its own, connection by connection."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tenantry_vendor.sandbox.gateway.proxy import Endpoint

Address: TypeAlias = tuple[str, int]
"""An IPv4 loopback address and a port."""

_CONNECT_SECONDS: Final = 5.0
_CHUNK: Final = 256 * 1024
_log = logging.getLogger("gateway")


class ServiceProxy:
    """Listens where a Service has ready endpoints, and nowhere else: others are refused, as cluster IPs refuse them."""

    def __init__(self) -> None:
        self._endpoints: Mapping[Address, Sequence[Endpoint]] = {}
        self._servers: dict[Address, asyncio.Server] = {}
        self._turns: dict[Address, Iterator[int]] = {}
        self._refused: set[Address] = set()
        self._running: set[asyncio.Task[None]] = set()

    async def update(self, endpoints: Mapping[Address, Sequence[Endpoint]]) -> None:
        """Opens and closes what is needed; connections that were taken go on."""
        self._endpoints = {address: servers for address, servers in endpoints.items() if servers}
        for address in set(self._servers) - set(self._endpoints):
            self._servers.pop(address).close()
            self._turns.pop(address, None)
        for address in self._endpoints:
            if address not in self._servers:
                await self._open(address)

    async def close(self) -> None:
        """Closes everything."""
        await self.update({})
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _open(self, address: Address) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            await self._serve(address, reader, writer)

        try:
            self._servers[address] = await asyncio.start_server(serve, *address, limit=_CHUNK)
        except OSError as error:
            if address not in self._refused:
                self._refused.add(address)
                _log.warning("cannot listen at %s:%d for a Service: %s", *address, error)
        else:
            self._refused.discard(address)

    async def _serve(self, address: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = await self._connect(address)
        if upstream is None:
            writer.transport.abort()
            return
        there, back = upstream
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, back))
                group.create_task(_copy(there, writer))
        except* OSError:
            # One side broke: so does the other, as it would without a proxy.
            writer.transport.abort()
            back.transport.abort()
        finally:
            for each in (writer, back):
                each.close()

    async def _connect(self, address: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        endpoints = list(self._endpoints.get(address, ()))
        first = next(self._turns.setdefault(address, itertools.count())) if endpoints else 0
        for number in range(len(endpoints)):
            endpoint = endpoints[(first + number) % len(endpoints)]
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    return await asyncio.open_connection(endpoint.address, endpoint.port, limit=_CHUNK)
        return None


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while chunk := await source.read(_CHUNK):
        target.write(chunk)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
