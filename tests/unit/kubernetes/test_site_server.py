"""The program that serves sites inside pods, as a process of its own over HTTP."""

from __future__ import annotations

import gzip
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROGRAM = str(resources.files("tenantry_kubernetes.incluster").joinpath("site_server.py"))


@dataclass(frozen=True)
class Got:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Site:
    process: subprocess.Popen[bytes]
    port: int

    def ask(self, path: str, method: str = "GET", **headers: str) -> Got:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            response = connection.getresponse()
            return Got(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def raw(self, data: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            got = b""
            while block := connection.recv(65536):
                got += block
            return got


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "docs" / "deep").mkdir(parents=True)
    (folder / ".well-known").mkdir()
    (folder / ".git").mkdir()
    (folder / "index.html").write_text("<h1>home</h1>")
    (folder / "docs" / "index.html").write_text("docs")
    (folder / "404.html").write_text("nothing here")
    (folder / "app.3f9a1c2b.js").write_text("console.log('x');" * 200)
    (folder / "style.css").write_text("a{}")
    (folder / "picture.png").write_bytes(bytes(range(256)) * 4)
    (folder / "文.txt").write_text("chinese")
    (folder / ".env").write_text("SECRET")
    (folder / ".git" / "config").write_text("SECRET")
    (folder / ".well-known" / "thing.json").write_text("{}")
    (tmp_path / "outside.txt").write_text("SECRET")
    (folder / "leak.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "inner.txt").symlink_to(folder / "style.css")
    return folder


@pytest.fixture
def serve(root: Path) -> Iterator[Callable[..., Site]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> Site:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-I", PROGRAM, "--root", str(root), *arguments],
            env={"HOST": "127.0.0.1", "PORT": str(port), "PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(b"serving "), line
        return Site(process, port)

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=10)


@pytest.fixture
def site(serve: Callable[..., Site]) -> Site:
    return serve("--index", "index.html", "--not-found", "404.html", "--prefix", "/")


def test_files_and_folders_are_served_with_their_types(site: Site) -> None:
    home = site.ask("/")
    assert (home.status, home.body) == (200, b"<h1>home</h1>")
    assert home.headers["content-type"] == "text/html; charset=utf-8"
    assert home.headers["cache-control"] == "no-cache"
    assert home.headers["x-content-type-options"] == "nosniff"
    assert site.ask("/docs/").body == b"docs"
    assert site.ask("/style.css?v=1").headers["content-type"] == "text/css; charset=utf-8"
    assert site.ask("/picture.png").headers["content-type"] == "image/png"
    assert site.ask("/%E6%96%87.txt").body == b"chinese"
    assert site.ask("/inner.txt").body == b"a{}"
    assert site.ask("/.well-known/thing.json").body == b"{}"


def test_a_fingerprinted_name_may_be_kept_for_ever(site: Site) -> None:
    assert "immutable" in site.ask("/app.3f9a1c2b.js").headers["cache-control"]


def test_a_folder_without_its_slash_is_redirected_within_the_site(site: Site) -> None:
    got = site.ask("/docs?q=1")
    assert (got.status, got.headers["location"]) == (301, "/docs/?q=1")
    assert site.ask("//example.com/docs").status == 404


def test_head_has_the_headers_and_no_body(site: Site) -> None:
    got = site.ask("/style.css", "HEAD")
    assert (got.status, got.headers["content-length"], got.body) == (200, "3", b"")


def test_an_unchanged_file_answers_not_modified(site: Site) -> None:
    tag = site.ask("/style.css").headers["etag"]
    for value in (tag, f'"other", W/{tag}', "*"):
        got = site.ask("/style.css", If_None_Match=value)
        assert (got.status, got.body) == (304, b"")
        assert got.headers["etag"] == tag
    assert site.ask("/style.css", If_None_Match='"other"').status == 200


def test_text_is_compressed_where_the_client_takes_it(site: Site) -> None:
    plain = site.ask("/app.3f9a1c2b.js")
    packed = site.ask("/app.3f9a1c2b.js", Accept_Encoding="br, gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in site.ask("/app.3f9a1c2b.js", Accept_Encoding="gzip;q=0").headers
    assert site.ask("/app.3f9a1c2b.js", Accept_Encoding="gzip", If_None_Match=packed.headers["etag"]).status == 304


@pytest.mark.parametrize(
    ("header", "status", "body"),
    [
        ("bytes=0-3", 206, bytes(range(4))),
        ("bytes=-2", 206, b"\xfe\xff"),
        ("bytes=1022-", 206, b"\xfe\xff"),
        ("bytes=1020-9999", 206, b"\xfc\xfd\xfe\xff"),
        ("bytes=5000-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=3-1", 200, bytes(range(256)) * 4),
        ("lines=1-2", 200, bytes(range(256)) * 4),
    ],
)
def test_ranges(site: Site, header: str, status: int, body: bytes | None) -> None:
    got = site.ask("/picture.png", Range=header)
    assert got.status == status
    if body is not None:
        assert got.body == body


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.txt",
        "/docs/../../outside.txt",
        "/%2e%2e/outside.txt",
        "/docs/%2e%2e%2f%2e%2e%2foutside.txt",
        "/..%5coutside.txt",
        "/leak.txt",
        "/.env",
        "/.git/config",
        "/docs/.well-known/x",
        "/style.css/",
        "/docs/deep/",
        "/nothing",
    ],
)
def test_what_must_not_be_served_is_not_found(site: Site, path: str) -> None:
    got = site.ask(path)
    assert (got.status, got.body) == (404, b"nothing here")
    assert got.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/%00", "/%ff", "/a%0d%0ab"])
def test_a_broken_path_is_a_bad_request(site: Site, path: str) -> None:
    assert site.ask(path).status == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(site: Site, method: str) -> None:
    got = site.ask("/", method)
    assert (got.status, got.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_malformed_requests_are_refused_and_the_server_goes_on(site: Site, data: bytes) -> None:
    assert site.raw(data).startswith(b"HTTP/1.1 400 ")
    assert site.ask("/").status == 200


def test_a_head_that_never_ends_is_refused(site: Site) -> None:
    assert site.raw(b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000).startswith(b"HTTP/1.1 431 ")


def test_a_connection_serves_several_requests_and_a_body_ends_it(site: Site) -> None:
    one = b"GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n"
    assert site.raw(one * 3).count(b"HTTP/1.1 200 OK") == 3
    smuggled = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\n\r\n" + one
    assert site.raw(smuggled).count(b"HTTP/1.1 ") == 1


def test_many_idle_connections_do_not_keep_others_out(site: Site) -> None:
    idle = [socket.create_connection(("127.0.0.1", site.port), timeout=10) for _ in range(200)]
    try:
        assert site.ask("/").status == 200
    finally:
        for connection in idle:
            connection.close()


def test_a_prefix_is_taken_off_by_whole_segments(serve: Callable[..., Site]) -> None:
    site = serve("--prefix", "/manual", "--prefix", "/manual/old/", "--index", "index.html")
    assert site.ask("/manual/").body == b"<h1>home</h1>"
    assert site.ask("/manual/docs/").body == b"docs"
    assert site.ask("/manual/old/docs/").body == b"docs"
    assert site.ask("/manual").headers["location"] == "/manual/"
    assert site.ask("/manuals/").status == 404
    assert site.ask("/").status == 404


def test_health_is_answered_whatever_the_prefix(serve: Callable[..., Site]) -> None:
    site = serve("--prefix", "/docs")
    assert (site.ask("/.tenantry/health").status, site.ask("/.tenantry/health").body) == (200, b"ok\n")


def test_the_log_names_what_was_asked_without_the_query(site: Site) -> None:
    site.ask("/style.css?token=hidden")
    site.ask("/.tenantry/health")
    site.process.send_signal(signal.SIGTERM)
    printed, _ = site.process.communicate(timeout=10)
    assert b"GET /style.css 200 3 " in printed
    assert b"hidden" not in printed
    assert b"health" not in printed


def test_sigterm_finishes_what_it_began_and_exits_cleanly(site: Site, root: Path) -> None:
    (root / "large.bin").write_bytes(b"x" * 30_000_000)
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
        connection.sendall(b"GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n")
        received = len(connection.recv(1000))
        site.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", site.port), timeout=5)
        while block := connection.recv(1 << 20):
            received += len(block)
    assert received > 30_000_000
    site.process.communicate(timeout=10)
    assert site.process.returncode == 0


def test_sigterm_does_not_wait_for_idle_connections(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=10):
        time.sleep(0.2)
        began = time.monotonic()
        site.process.send_signal(signal.SIGTERM)
        site.process.communicate(timeout=10)
    assert site.process.returncode == 0
    assert time.monotonic() - began < 5


def test_a_missing_folder_is_said_at_once(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", PROGRAM, "--root", str(tmp_path / "none")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "is no folder" in done.stderr
    assert "Traceback" not in done.stderr
