"""A running host, and things to put on it."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from tenantry.contract.sandbox import loopback_url

from tenantry_host.access import SANDBOX_ENDPOINT, SANDBOX_TOKEN_FILE, Access

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tenantry_host.sandbox import HostSandbox

PROGRAM = """\
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/api/end":
            os._exit(1)
        body = f"{os.environ['SAYS']} {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, text, *args):
        print(self.path, flush=True)
http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


def packed(files: Mapping[str, str]) -> tuple[str, bytes]:
    """Digest and archive of a tree, as Tenantry packs it."""
    lines, out = [], io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w") as archive,
    ):
        for path, text in sorted(files.items()):
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(text.encode()), 0o644
            archive.addfile(info, io.BytesIO(text.encode()))
            lines.append(f"{path}\0-\0{hashlib.sha256(text.encode()).hexdigest()}\n".encode())
    return hashlib.sha256(b"".join(sorted(lines))).hexdigest(), out.getvalue()


@dataclass(frozen=True)
class Running:
    """A host that takes orders."""

    sandbox: HostSandbox
    folder: Path

    @property
    def settings(self) -> Mapping[str, str]:
        return self.sandbox.settings(self.folder)

    def up(self) -> None:
        self.sandbox.up(self.folder, lambda _text: None)

    def send(self, method: str, path: str, *, token: str = "", **content: Any) -> httpx.Response:  # noqa: ANN401 - for httpx
        settings = self.settings
        given = token or Access.find(settings, None, settings[SANDBOX_TOKEN_FILE]).token
        headers = {"Authorization": f"Bearer {given}"}
        url = settings[SANDBOX_ENDPOINT] + path
        return httpx.request(method, url, headers=headers, timeout=90, trust_env=False, **content)

    def source(self, files: Mapping[str, str]) -> str:
        digest, archive = packed(files)
        assert self.send("PUT", f"/v1/sources/{digest}", content=archive).is_success
        return f"sha256:{digest}"

    def app(self, says: str, program: str = PROGRAM, **changes: object) -> httpx.Response:
        """Puts the app `shop/api`."""
        spec: dict[str, object] = {
            "runtime": "python3.11",
            "source": self.source({"main.py": program}),
            "command": ["python", "main.py"],
            "environment": {"SAYS": says},
            "health": "/healthz",
            "copies": 2,
            "suspended": False,
        }
        return self.send("PUT", "/v1/instances/shop/apps/api", json=spec | changes)

    def site(self) -> None:
        """Puts the site `shop/web`."""
        files = {"index.html": "home", "404.html": "lost", "docs/index.html": "docs", ".secret": "hidden"}
        spec = {
            "source": self.source(files),
            "index": "index.html",
            "notFound": "404.html",
            "prefixes": ["/"],
            "suspended": False,
        }
        assert self.send("PUT", "/v1/instances/shop/sites/web", json=spec).is_success

    def routes(self, instance: str = "shop", host: str = "shop.example") -> httpx.Response:
        table = [{"prefix": "/", "component": "web"}, {"prefix": "/api", "component": "api"}]
        spec = {"hosts": [host], "routes": table}
        return self.send("PUT", f"/v1/instances/{instance}/routes/{instance}-routes", json=spec)

    def visit(self, path: str, host: str = "shop.example") -> httpx.Response:
        """GETs a path at the address that stands for the host."""
        url = loopback_url(host, self.settings["TENANTRY_SANDBOX_HTTP_PORT"]) + path
        return httpx.get(url, timeout=10, trust_env=False)
