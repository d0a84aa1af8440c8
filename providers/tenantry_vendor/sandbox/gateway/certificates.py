"""TLS certificates by server name: those that were provided, else made on demand by the sandbox's own authority."""

from __future__ import annotations

import logging
import ssl
import tempfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tenantry_vendor.sandbox.authority import Authority

_DEFAULT: Final = "localhost"
_log = logging.getLogger("gateway")


class Certificates:
    """Contexts for the TLS listeners. `knows` tells whether a host is routed: no other gets a certificate."""

    def __init__(self, authority: Authority, folder: Path, knows: Callable[[str], bool]) -> None:
        self._authority = authority
        self._folder = folder
        self._knows = knows
        self._provided: dict[str, tuple[bytes, bytes]] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}

    def provide(self, pairs: Mapping[str, tuple[bytes, bytes]]) -> None:
        """Takes the certificates and keys (PEM) that were provided, by host or wildcard, in place of those before."""
        if dict(pairs) != self._provided:
            self._provided = dict(pairs)
            self._contexts.clear()

    def listener(self, address: str, host: str | None) -> ssl.SSLContext:
        """The context of a listener; `host` is what callers without a server name get, its address included."""
        context = self._made([name for name in (host, address, _DEFAULT) if name])

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _context: ssl.SSLContext) -> None:
            if name and (found := self._for_host(name.lower())) is not None:
                connection.context = found

        context.sni_callback = choose
        return context

    def _for_host(self, host: str) -> ssl.SSLContext | None:
        if host not in self._contexts:
            if not self._knows(host):
                return None
            self._contexts[host] = self._from_provided(host) or self._made([host])
        return self._contexts[host]

    def _from_provided(self, host: str) -> ssl.SSLContext | None:
        for name in (host, "*." + host.partition(".")[2]):
            if name in self._provided:
                try:
                    return self._loaded(*self._provided[name])
                except ssl.SSLError as error:
                    _log.warning("the certificate provided for %s cannot be used: %s", name, error)
        return None

    def _made(self, names: list[str]) -> ssl.SSLContext:
        return self._loaded(*self._authority.issue(names[0], hosts=names))

    def _loaded(self, certificate: bytes, key: bytes) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_alpn_protocols(["http/1.1"])
        # OpenSSL reads keys from files only; this one is its owner's alone and gone at once.
        with tempfile.NamedTemporaryFile(dir=self._folder) as file:
            file.write(certificate + b"\n" + key)
            file.flush()
            context.load_cert_chain(file.name)
        return context
