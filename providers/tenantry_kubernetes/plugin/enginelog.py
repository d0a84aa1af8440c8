"""Messages to the engine: status lines that come and go, and warnings that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import grpc.aio
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

if TYPE_CHECKING:
    from pulumi.runtime.proto.engine_pb2_grpc import EngineAsyncStub

_LONGEST: Final = 2_000


class EngineLog:
    """Best effort: an engine that does not listen any more is no reason to fail."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._stub: EngineAsyncStub | None = None

    async def status(self, urn: str, message: str) -> None:
        """Shows a line beside the resource while it is being worked on."""
        await self._send(engine_pb2.INFO, urn, message, ephemeral=True)

    async def warning(self, urn: str, message: str) -> None:
        """Adds a warning to the resource's diagnostics."""
        await self._send(engine_pb2.WARNING, urn, message, ephemeral=False)

    async def _send(
        self, severity: engine_pb2.LogSeverity.ValueType, urn: str, message: str, *, ephemeral: bool
    ) -> None:
        if self._stub is None:
            # Opened with the first message: most runs have none.
            channel = grpc.aio.insecure_channel(self._address)
            # The stubs know two classes where there is one.
            self._stub = cast("EngineAsyncStub", engine_pb2_grpc.EngineStub(channel))
        request = engine_pb2.LogRequest(severity=severity, urn=urn, message=message[:_LONGEST], ephemeral=ephemeral)
        try:
            await self._stub.Log(request, timeout=5)
        except grpc.aio.AioRpcError:
            return
