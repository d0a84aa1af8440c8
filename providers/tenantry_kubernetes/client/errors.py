"""Errors of a Kubernetes API server, as Tenantry's vendor errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from tenantry.errors import VendorError

if TYPE_CHECKING:
    from collections.abc import Mapping

_HINTS: Final = {
    401: "Check the credentials in the kubeconfig: the token or client certificate is not accepted.",
    403: "Give the deploying user the missing permission, or correct what the cluster's policy refuses.",
    409: "Read the object again and repeat.",
    429: "The server is busy. Repeat later.",
}


class KubernetesError(VendorError):
    """The API server answered with an error.

    `status` is the HTTP status, `reason` the API's own word (`NotFound`, `AlreadyExists`, `Invalid`, `Forbidden`,
    `Conflict`, `Expired`, …), `details` the `details` object of the API's Status, empty where there is none.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        reason: str = "",
        details: Mapping[str, object] | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, vendor_code=reason, hint=hint or _HINTS.get(status, ""))
        self.status = status
        self.reason = reason
        self.details = dict(details or {})

    @property
    def not_found(self) -> bool:
        """Whether the object, or the kind, does not exist."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def already_exists(self) -> bool:
        """Whether a create met an object of that name."""
        return self.status == HTTPStatus.CONFLICT and self.reason == "AlreadyExists"

    @property
    def passing(self) -> bool:
        """Whether the same call may succeed a little later: no answer came, or the server was busy or failed."""
        return self.status in {0, HTTPStatus.TOO_MANY_REQUESTS} or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def gone(self) -> bool:
        """Whether the resource version is too old to go on from."""
        return self.status == HTTPStatus.GONE or self.reason in {"Expired", "Gone"}


class UnreachableError(KubernetesError):
    """The API server could not be reached, or the connection broke."""

    def __init__(self, server: str, why: str) -> None:
        super().__init__(
            f"The Kubernetes API server at {server} cannot be reached: {why}",
            status=0,
            reason="Unreachable",
            hint="Check that the cluster runs and that the kubeconfig names its address.",
        )


class KubeconfigError(VendorError):
    """A kubeconfig is missing, malformed, or asks for something that is not supported."""


def from_status(http_status: int, body: Mapping[str, object] | None, fallback: str) -> KubernetesError:
    """The error for an answer: from the API's Status object where the body holds one, else from `fallback`."""
    if body is None or body.get("kind") != "Status":
        return KubernetesError(fallback or f"HTTP status {http_status}", status=http_status)
    details = body.get("details")
    code = body.get("code")
    return KubernetesError(
        str(body.get("message") or fallback or f"HTTP status {http_status}"),
        status=code if isinstance(code, int) else http_status,
        reason=str(body.get("reason") or ""),
        details=details if isinstance(details, dict) else None,
    )
