"""The gateway's sockets: one address for everything, and one of its own for every routed host."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from aiohttp import web

from tenantry.contract.sandbox import loopback_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenantry_vendor.sandbox.gateway.certificates import Certificates

MAIN: Final = "127.0.0.1"
_log = logging.getLogger("gateway")


class Listeners:
    """Listens for HTTP and HTTPS at the same two ports of every address. `addresses` maps an address to its host."""

    def __init__(self, runner: web.ServerRunner, http_port: int, https_port: int, certificates: Certificates) -> None:
        self._runner = runner
        self._ports = (http_port, https_port)
        self._certificates = certificates
        self._sites: dict[str, list[web.TCPSite]] = {}
        self._refused: set[str] = set()
        self.addresses: dict[str, str] = {}

    async def start(self) -> None:
        """Listens at 127.0.0.1. Raises OSError."""
        await self._open(MAIN, None)

    async def update(self, hosts: Iterable[str]) -> dict[str, str]:
        """Opens and closes what is needed for these hosts; returns address -> host. The first host has an address."""
        wanted = self._assign(hosts)
        for address in set(self._sites) - set(wanted) - {MAIN}:
            await self._close(address)
        for address, host in wanted.items():
            if address not in self._sites or self.addresses.get(address) != host:
                await self._close(address)
                await self._try_open(address, host)
        self.addresses = {address: host for address, host in wanted.items() if address in self._sites}
        return self.addresses

    def _assign(self, hosts: Iterable[str]) -> dict[str, str]:
        wanted: dict[str, str] = {}
        for host in hosts:
            address = loopback_address(host)
            holder = wanted.setdefault(address, host)
            if holder != host and host not in self._refused:
                self._refused.add(host)
                _log.warning("%s and %s share the address %s: it serves %s", host, holder, address, holder)
        return wanted

    async def _try_open(self, address: str, host: str) -> None:
        try:
            await self._open(address, host)
        except OSError as error:
            if address not in self._refused:
                self._refused.add(address)
                _log.warning("cannot listen at %s for %s: %s; name the host at %s", address, host, error, MAIN)
        else:
            self._refused.discard(address)

    async def _close(self, address: str) -> None:
        for site in self._sites.pop(address, []):
            await site.stop()

    async def _open(self, address: str, host: str | None) -> None:
        plain, secure = self._ports
        sites = [
            web.TCPSite(self._runner, address, plain),
            web.TCPSite(self._runner, address, secure, ssl_context=self._certificates.listener(address, host)),
        ]
        opened: list[web.TCPSite] = []
        try:
            for site in sites:
                await site.start()
                opened.append(site)
        except OSError:
            for site in opened:
                await site.stop()
            raise
        self._sites[address] = sites
