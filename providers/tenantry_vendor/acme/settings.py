"""What an account says of its ACME server, as plain values and as a model; vendors' account models embed the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsUpdate:
    """A name server that takes signed updates (RFC 2136, RFC 8945).

    `server` is host or host:port, `zone` the zone that holds the hosts, `key_name` and `algorithm` the TSIG key's.
    `key_env` and `key_file`: where its secret is, in Base64; exactly one is set.
    """

    server: str
    zone: str
    key_name: str
    algorithm: str = "hmac-sha256"
    key_env: str | None = None
    key_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeSettings:
    """An ACME server: `directory` is its URL. `ca_file`: PEM authorities for the server itself; the usual ones else."""

    directory: str
    contact: str | None = None
    ca_file: str | None = None
    dns: DnsUpdate | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> AcmeSettings:
        """The settings of a checked account, or of a resource's inputs."""
        dns = data.get("dns")
        return cls(
            directory=str(data["directory"]),
            contact=data.get("contact"),
            ca_file=data.get("ca_file"),
            dns=None if dns is None else _dns(dns),
        )


def _dns(data: Mapping[str, Any]) -> DnsUpdate:
    key = data["key"]["ref"]
    return DnsUpdate(
        server=str(data["server"]),
        zone=str(data["zone"]),
        key_name=str(data["key_name"]),
        algorithm=str(data.get("algorithm", "hmac-sha256")),
        key_env=key.get("env"),
        key_file=key.get("file"),
    )
