"""The host's control interface, as the plugin uses it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import httpx
from tenantry.errors import VendorError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tenantry_host.access import Access

_ROLL_SECONDS: Final = 120.0
"""A new version must answer before the old one goes; the daemon gives it a minute."""
_NOT_FOUND: Final = 404


class Client:
    """One host. Every method raises VendorError with the host's own code."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def host(self) -> dict[str, Any]:
        """Who the host is: `id`, `version`."""
        found: dict[str, Any] = (await self._send("GET", "/v1/host")).json()
        return found

    async def give_source(self, digest: str, archive: bytes) -> None:
        """Sends a packed source where the host does not have it yet."""
        path = f"/v1/sources/{digest.removeprefix('sha256:')}"
        if (await self._send("HEAD", path, absent=True)).status_code == _NOT_FOUND:
            await self._send("PUT", path, content=archive)

    async def put(self, kind: str, instance: str, name: str, spec: dict[str, Any]) -> None:
        """Makes or changes one thing, and returns when it answers."""
        await self._send("PUT", _path(kind, instance, name), json=spec)

    async def get(self, kind: str, instance: str, name: str) -> dict[str, Any] | None:
        """The thing as it was last put; None where there is none."""
        answer = await self._send("GET", _path(kind, instance, name), absent=True)
        if answer.status_code == _NOT_FOUND:
            return None
        found: dict[str, Any] = answer.json()
        return found

    async def delete(self, kind: str, instance: str, name: str) -> None:
        """Removes one thing; nothing where it is gone already."""
        await self._send("DELETE", _path(kind, instance, name), absent=True)

    async def _send(self, method: str, path: str, *, absent: bool = False, **content: Any) -> httpx.Response:  # noqa: ANN401 - passed on to httpx
        async with self._open() as client:
            answer = await client.request(method, path, **content)
        if answer.is_success or (absent and answer.status_code == _NOT_FOUND):
            return answer
        raise _refused(answer)

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[httpx.AsyncClient]:
        headers = {"Authorization": f"Bearer {self._access.token}"}
        try:
            async with httpx.AsyncClient(
                base_url=self._access.endpoint, headers=headers, timeout=_ROLL_SECONDS, trust_env=False
            ) as client:
                yield client
        except httpx.HTTPError as error:
            raise VendorError(
                f"The host at {self._access.endpoint} does not answer: {error or type(error).__name__}",
                vendor_code="unreachable",
                hint="Start its daemon; in a sandbox: tenantry sandbox up host",
            ) from error


def _path(kind: str, instance: str, name: str) -> str:
    return f"/v1/instances/{instance}/{kind}/{name}"


def _refused(answer: httpx.Response) -> VendorError:
    try:
        found = answer.json()["error"]
        return VendorError(str(found["message"]), vendor_code=str(found["code"]), hint=str(found.get("hint", "")))
    except (ValueError, KeyError, TypeError):
        return VendorError(f"The host answered {answer.status_code}.", vendor_code=str(answer.status_code))
