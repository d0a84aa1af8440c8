"""Runs the daemon until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web
from tenantry_vendor.sandbox.authority import Authority
from tenantry_vendor.sandbox.files import private_folder
from tenantry_vendor.sandbox.gateway.certificates import Certificates
from tenantry_vendor.sandbox.gateway.listeners import Listeners

from tenantry_host.daemon.api import application
from tenantry_host.daemon.host import Host

if TYPE_CHECKING:
    from pathlib import Path

_LINE: Final = 64 * 1024
_STOP_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    @classmethod
    def read(cls, text: str) -> Address:
        """From `host:port`. Raises ValueError."""
        host, _, port = text.rpartition(":")
        return cls(host or "0.0.0.0", int(port))  # noqa: S104 - a gateway is for everybody


async def serve(folder: Path, *, control: Address, http: Address, https_port: int | None) -> None:
    """Serves until SIGTERM; everything that it started ends with it.

    Args:
        folder: where the daemon keeps everything.
        control: where it takes orders.
        http: where visitors come.
        https_port: for a sandbox: TLS with certificates of its own authority, and an address of its own per host.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    listeners: Listeners | None = None

    async def routed(hosts: list[str]) -> None:
        if listeners is not None:
            host.proxy.addresses = await listeners.update(hosts)

    host = Host(folder, routed)
    visitors = web.ServerRunner(
        web.Server(host.proxy.handle, access_log=None, max_line_size=_LINE, max_field_size=_LINE),
        handler_cancellation=True,
        shutdown_timeout=_STOP_SECONDS,
    )
    await visitors.setup()
    if https_port is None:
        await web.TCPSite(visitors, http.host, http.port).start()
    else:
        keys = private_folder(folder / "gateway-keys")
        certificates = Certificates(Authority(keys, "ca"), keys, host.proxy.knows)
        listeners = Listeners(visitors, http.port, https_port, certificates)
        await listeners.start()
    await host.start()
    orders = web.AppRunner(application(host), access_log=None, shutdown_timeout=_STOP_SECONDS)
    await orders.setup()
    await web.TCPSite(orders, control.host, control.port).start()
    tidying = asyncio.create_task(host.tidy())
    await stopped.wait()
    tidying.cancel()
    await orders.cleanup()
    await host.stop()
    await visitors.cleanup()
