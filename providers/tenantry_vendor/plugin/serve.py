"""Runs a Pulumi provider as a plugin process.

The engine starts `pulumi-resource-NAME ADDRESS`, reads one line with a port from its standard output and speaks gRPC
from then on. The process ends with its engine, also when that is killed; nothing but the port is ever written to
standard output.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

import grpc.aio

from tenantry_vendor.plugin.faults import Faults
from tenantry_vendor.plugin.parent import die_with_parent, engine_listens

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi.provider.experimental.provider import Provider

OPTIONS: Final = [
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),
    ("grpc.max_send_message_length", 400 * 1024 * 1024),
    # A request may wait long before it is taken up while others keep the loop busy; 30 s would fail it.
    ("grpc.server_max_unrequested_time_in_server", 30 * 60),
]
"""gRPC options: the same limits as the engine's own."""

GRACE_SECONDS: Final = 1.0
"""How long running calls may take to end after a request to terminate."""


def serve(provider: Provider, version: str, argv: list[str]) -> None:
    """Serves `provider` until the engine ends or asks to terminate. Returns only then.

    Args:
        provider: an instance of a full Python provider.
        version: the plugin's version without a leading v.
        argv: the arguments behind the program's name: the engine's address, flags are ignored.

    Raises SystemExit(2) where the address is missing: the program was started by hand.
    """

    def register(server: grpc.aio.Server, engine: str) -> None:
        from pulumi.provider.experimental.server import ProviderServicer
        from pulumi.runtime.proto import provider_pb2_grpc

        servicer = ProviderServicer(argv, version, provider, engine_address=engine)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)

    serve_servicer(register, argv)


def serve_servicer(register: Callable[[grpc.aio.Server, str], None], argv: list[str]) -> None:
    """As `serve`, for a provider that is written against the protocol itself and need not load the Pulumi SDK.

    Args:
        register: adds the servicer to the server; its second argument is the engine's address.
        argv: as for `serve`.
    """
    engine = next((argument for argument in argv if not argument.startswith("-")), None)
    if engine is None:
        sys.stderr.write("This program is a Pulumi plugin: `pulumi` starts it with the address of its engine.\n")
        raise SystemExit(2)
    die_with_parent()
    # An engine that was killed before we could ask for its parent's id is noticed by its silence.
    if not engine_listens(engine):
        sys.stderr.write(f"No engine answers at {engine}.\n")
        raise SystemExit(1)
    port_out = _keep_stdout_clean()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    # gRPC prints whole exceptions with their values; `Faults` says what may be said.
    logging.getLogger("grpc").setLevel(logging.CRITICAL)
    asyncio.run(_run(register, engine, port_out))


def _keep_stdout_clean() -> int:
    """Keeps the real standard output for the port; whatever a library prints goes to standard error."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return kept


async def _run(register: Callable[[grpc.aio.Server, str], None], engine: str, port_out: int) -> None:
    server = grpc.aio.server(options=OPTIONS, interceptors=[Faults()])
    register(server, engine)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    os.write(port_out, f"{port}\n".encode())
    os.close(port_out)
    await stopped.wait()
    await server.stop(GRACE_SECONDS)
