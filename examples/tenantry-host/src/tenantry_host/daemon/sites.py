"""Static files, each site on a local port of its own behind the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from aiohttp import web
from tenantry_vendor.sandbox.gateway.proxy import Endpoint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_HEADERS: Final = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}


class Site:
    """The files below `root`. `prefixes` are the routes that lead here; what follows them is the file's path."""

    def __init__(self, name: str, root: Path, index: str, not_found: str | None, prefixes: Sequence[str]) -> None:
        self._name = name
        self._root = root.resolve()
        self._index = index
        self._not_found = not_found
        self._prefixes = sorted((prefix.rstrip("/") for prefix in prefixes), key=len, reverse=True)
        self._runner = web.ServerRunner(web.Server(self.answer, access_log=None))
        self.endpoints: tuple[Endpoint, ...] = ()

    async def start(self) -> None:
        """Listens on a free local port."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = int(self._runner.addresses[0][1])
        self.endpoints = (Endpoint("127.0.0.1", port, self._name),)

    async def stop(self) -> None:
        """Stops listening."""
        self.endpoints = ()
        await self._runner.cleanup()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one request."""
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        path = request.path
        found = self._find(path)
        if found is not None and found.is_dir():
            if not path.endswith("/"):
                return web.Response(status=301, headers={"Location": quote(path) + "/"})
            found = self._inside(found / self._index)
        elif path.endswith("/"):
            found = None
        if found is not None and found.is_file():
            return web.FileResponse(found, headers=_HEADERS)
        page = self._inside(self._root / self._not_found) if self._not_found else None
        if page is not None and page.is_file():
            return web.Response(status=404, body=page.read_bytes(), content_type="text/html", headers=_HEADERS)
        return web.Response(status=404, text="Not found.\n", headers=_HEADERS)

    def _find(self, path: str) -> Path | None:
        for prefix in self._prefixes:
            if path == prefix or path.startswith(prefix + "/"):
                inner = path[len(prefix) :].strip("/")
                parts = inner.split("/") if inner else []
                if any(part.startswith(".") and part != ".well-known" for part in parts) or "" in parts:
                    return None
                return self._inside(self._root.joinpath(*parts))
        return None

    def _inside(self, path: Path) -> Path | None:
        """The real file or folder, where it lies in the site."""
        try:
            real = path.resolve(strict=True)
        except (OSError, ValueError):
            return None
        return real if real == self._root or self._root in real.parents else None
