"""Answering for a host name: what an adapter may add so that certificates can be had from an ACME server.

RFC 8555, section 8.3: the server fetches `http://HOST/.well-known/acme-challenge/TOKEN` on port 80 and compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.contract.tasks import InstanceRef


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpChallenge:
    """One answer that has to be given: `content` at `/.well-known/acme-challenge/<token>` of `host`."""

    instance: InstanceRef
    host: str
    token: str
    content: str

    @property
    def path(self) -> str:
        """The path that the ACME server asks for."""
        return f"/.well-known/acme-challenge/{self.token}"


@runtime_checkable
class Challenges(Protocol):
    """An adapter that can answer HTTP challenges for the hosts of its instances."""

    def present(self, challenge: HttpChallenge, environment: Mapping[str, str]) -> None:
        """Lets the host answer, beside the application; returns when it does. Twice is as good as once.

        `environment` holds the credentials' variables. Raises VendorError, PreflightError.
        """
        ...

    def withdraw(self, challenge: HttpChallenge, environment: Mapping[str, str]) -> None:
        """Takes the answer away again; nothing to take away is no error. Raises VendorError."""
        ...
