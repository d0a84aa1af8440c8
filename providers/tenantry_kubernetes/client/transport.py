"""HTTP settings that the asynchronous and the blocking client share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx

from tenantry_kubernetes.client.tls import context

if TYPE_CHECKING:
    from tenantry_kubernetes.client.kubeconfig import Access
    from tenantry_kubernetes.client.requests import Request

TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
"""Seconds: 5 to connect, 30 between two bytes of an answer."""

STREAM_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0, read=None)
"""As `TIMEOUT`, for answers that come as things happen."""

LIMITS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=16, keepalive_expiry=60)
"""Watches hold their connections, so their number must not keep other calls waiting."""

BROKEN: Final = (httpx.TransportError, httpx.StreamError)
"""What a call raises when the connection fails."""


def settings(access: Access) -> dict[str, Any]:
    """Arguments of an httpx client. Proxies of the environment are ignored: credentials go to the server alone."""
    return {
        "base_url": access.server,
        "verify": context(access) if access.server.startswith("https:") else True,
        "timeout": TIMEOUT,
        "trust_env": False,
        "headers": headers(access),
        "limits": LIMITS,
    }


def headers(access: Access) -> dict[str, str]:
    """Headers of every request."""
    given = {"Accept": "application/json", "User-Agent": "tenantry"}
    return given | {"Authorization": f"Bearer {access.token}"} if access.token else given


def arguments(access: Access, request: Request) -> dict[str, Any]:
    """Arguments of httpx's `build_request` for one call."""
    return {
        "method": request.method,
        "url": request.path,
        "params": dict(request.params),
        "content": request.body,
        "headers": {"Content-Type": request.content_type} if request.body is not None else None,
        "extensions": {"sni_hostname": access.server_name} if access.server_name else None,
    }


def retry_after(response: httpx.Response | None) -> str | None:
    """When the server wants to be asked again, in its own words."""
    return None if response is None else response.headers.get("retry-after")


def reason(error: Exception) -> str:
    """One line about a broken connection."""
    return str(error) or type(error).__name__
