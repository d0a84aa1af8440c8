"""How a host name is answered for: through the runtime (HTTP-01), or in its zone (DNS-01)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

from tenantry.contract.challenges import Challenges, HttpChallenge
from tenantry.errors import CapabilityError, PreflightError, VendorError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.contract.tasks import InstanceRef
    from tenantry_vendor.acme.settings import DnsUpdate

_TTL: Final = 60
_TIMEOUT: Final = 20.0
_VISIBLE_SECONDS: Final = 120.0


class Solver(Protocol):
    """One kind of challenge. `kind` as RFC 8555 calls it."""

    @property
    def kind(self) -> Literal["http-01", "dns-01"]:
        """Which challenge it answers."""
        ...

    def present(self, host: str, token: str, key_authorization: str) -> None:
        """Makes the answer visible to the ACME server."""
        ...

    def withdraw(self, host: str, token: str, key_authorization: str) -> None:
        """Takes it away."""
        ...


class HttpSolver:
    """HTTP-01, through the runtime's adapter. Raises CapabilityError where the adapter cannot."""

    @property
    def kind(self) -> Literal["http-01"]:
        """See `Solver`."""
        return "http-01"

    def __init__(self, adapter: object, instance: InstanceRef, environment: Mapping[str, str]) -> None:
        if not isinstance(adapter, Challenges):
            raise CapabilityError(
                f"The runtime {instance.runtime!r} cannot answer for host names over HTTP.",
                hint="Add `dns` to the account's `acme`, or write tls: provided with a certificate.",
            )
        self._adapter = adapter
        self._instance = instance
        self._environment = environment

    def present(self, host: str, token: str, key_authorization: str) -> None:
        """See `Solver`."""
        self._adapter.present(self._challenge(host, token, key_authorization), self._environment)

    def withdraw(self, host: str, token: str, key_authorization: str) -> None:
        """See `Solver`."""
        self._adapter.withdraw(self._challenge(host, token, key_authorization), self._environment)

    def _challenge(self, host: str, token: str, content: str) -> HttpChallenge:
        return HttpChallenge(instance=self._instance, host=host, token=token, content=content)


class DnsSolver:
    """DNS-01: a TXT record below `_acme-challenge.HOST`, set by a signed update (RFC 8555, section 8.4; RFC 2136)."""

    @property
    def kind(self) -> Literal["dns-01"]:
        """See `Solver`."""
        return "dns-01"

    def __init__(self, settings: DnsUpdate, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self._key = _tsig_key(settings, environment)
        host, _, port = (
            settings.server.rpartition(":") if settings.server.count(":") == 1 else (settings.server, "", "")
        )
        self._address = host
        self._port = int(port or 53)

    def present(self, host: str, token: str, key_authorization: str) -> None:
        """See `Solver`; returns when the server itself gives the record."""
        del token
        self._update(host, "add", key_authorization)
        deadline = time.monotonic() + _VISIBLE_SECONDS
        while not self._visible(host, _digest(key_authorization)):
            if time.monotonic() > deadline:
                raise VendorError(
                    f"The name server {self._settings.server} took the record of {host} and does not give it.",
                    hint="Look at the server's log.",
                )
            time.sleep(1)

    def withdraw(self, host: str, token: str, key_authorization: str) -> None:
        """See `Solver`."""
        del token
        self._update(host, "delete", key_authorization)

    def _update(self, host: str, action: Literal["add", "delete"], key_authorization: str) -> None:
        import dns.exception
        import dns.name
        import dns.query
        import dns.rcode
        import dns.tsig
        import dns.update

        zone = dns.name.from_text(self._settings.zone)
        record = dns.name.from_text(f"_acme-challenge.{host}")
        if not record.is_subdomain(zone):
            raise PreflightError(
                f"{host} is not in the zone {self._settings.zone}.",
                hint="Name the zone that holds it in the account's acme.dns.zone.",
            )
        update = dns.update.UpdateMessage(zone, keyring={dns.name.from_text(self._settings.key_name): self._key})
        value = f'"{_digest(key_authorization)}"'
        if action == "add":
            update.add(record, _TTL, "TXT", value)
        else:
            update.delete(record, "TXT", value)
        try:
            answer = dns.query.tcp(update, self._where(), timeout=_TIMEOUT, port=self._port)
        except (dns.exception.DNSException, OSError) as error:
            raise VendorError(
                f"The name server {self._settings.server} could not be asked: {type(error).__name__}.",
                hint="Check acme.dns: server, zone, key_name, algorithm and the key.",
            ) from error
        if answer.rcode() != dns.rcode.NOERROR:
            raise VendorError(
                f"The name server {self._settings.server} refused the record of {host}.",
                vendor_code=dns.rcode.to_text(answer.rcode()),
                hint="The key must be allowed to update TXT records of the zone.",
            )

    def _visible(self, host: str, digest: str) -> bool:
        import dns.exception
        import dns.message
        import dns.query

        query = dns.message.make_query(f"_acme-challenge.{host}", "TXT")
        try:
            answer = dns.query.tcp(query, self._where(), timeout=_TIMEOUT, port=self._port)
        except (dns.exception.DNSException, OSError):
            return False
        return any(digest in item.to_text() for each in answer.answer for item in each)

    def _where(self) -> str:
        import socket

        try:
            found = socket.getaddrinfo(self._address, self._port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise PreflightError(
                f"The name server {self._address} cannot be found.", hint="Check acme.dns.server."
            ) from error
        return str(found[0][4][0])


def _digest(key_authorization: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(key_authorization.encode()).digest()).rstrip(b"=").decode()


def _tsig_key(settings: DnsUpdate, environment: Mapping[str, str]) -> object:
    import dns.name
    import dns.tsig

    if settings.key_env is not None:
        where, text = f"the variable {settings.key_env}", environment.get(settings.key_env, "")
    else:
        file = Path(settings.key_file or "").expanduser()
        where = f"the file {file}"
        try:
            text = file.read_text(encoding="utf-8")
        except OSError:
            text = ""
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not secret:
        raise PreflightError(
            f"The TSIG key {settings.key_name} is not in {where}.", hint="Put its secret there, in Base64."
        )
    return dns.tsig.Key(dns.name.from_text(settings.key_name), secret, settings.algorithm)
