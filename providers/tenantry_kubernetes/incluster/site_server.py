"""Serves the files of a folder by HTTP/1.1: one process, one thread, any number of idle connections.

    python -I site_server.py --root FOLDER --index index.html [--not-found FILE] [--prefix /docs ...]

Listens on $HOST:$PORT. Requests carry their full path; the longest of the prefixes that it begins with, by whole
segments, is taken off to find the file. GET and HEAD only. Files and folders whose names begin with a dot are not
served, but for `.well-known`; links that lead out of the folder neither. Answers `/.tenantry/health` itself. On SIGTERM
it stops accepting, finishes what it began, and exits with status 0. Standard library only.
"""

from __future__ import annotations

import argparse
import asyncio
import email.utils
import gzip
import hashlib
import html
import mimetypes
import os
import re
import signal
import stat
import sys
import time
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlsplit

HEALTH = "/.tenantry/health"
HEAD_LIMIT = 16 * 1024
IDLE_SECONDS = 75.0
SEND_SECONDS = 60.0
FINISH_SECONDS = 20.0
CONNECTIONS = 2048
BLOCK = 64 * 1024
GZIP_FROM = 1024
GZIP_UP_TO = 512 * 1024
FINGERPRINT = re.compile(r"[.-](?=[0-9a-zA-Z_-]*[0-9])[0-9a-zA-Z_]{8,}\.[a-z0-9]+$")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
REQUEST_LINE = re.compile(r"([A-Z]{1,20}) (\S+) (HTTP/1\.[01])")
RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
TYPES = mimetypes.MimeTypes(filenames=())
for _ending, _type in {
    ".avif": "image/avif",
    ".css": "text/css",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}.items():
    TYPES.add_type(_type, _ending)
TEXT = re.compile(r"text/|application/(json|manifest\+json|xml|xhtml\+xml)$|image/svg\+xml$")


class RequestError(Exception):
    """A request that is answered with a status and the end of the connection."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Site:
    """What is served. `root` is a real path; `prefixes` have no trailing slash and stand longest first."""

    root: Path
    index: str
    not_found: str | None
    prefixes: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """One request; header names are lower case."""

    method: str
    target: str
    version: str
    headers: dict[str, str]


@dataclass
class Answer:
    """A status with headers, and either `body` or the bytes `start` to `end` of `file`."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    file: Path | None = None
    start: int = 0
    end: int = 0

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return self.end - self.start if self.file is not None else len(self.body)


def answer(site: Site, request: Request) -> Answer:
    """The answer to a request, as a pure function of the folder."""
    if request.method not in {"GET", "HEAD"}:
        return plain(405, Allow="GET, HEAD")
    path, query = split_target(request.target)
    if path == HEALTH:
        return Answer(200, {"Content-Type": "text/plain", "Cache-Control": "no-store"}, b"ok\n")
    inner = inside(site, path)
    found = None if inner is None else locate(site, inner)
    if inner is None or found is None or (found.is_file() and path.endswith("/")):
        return missing(site, request)
    if found.is_dir():
        if not path.endswith("/"):
            return plain(301, Location=quote(path, safe="/~!$&'()*+,;=:@") + "/" + query)
        found = locate(site, inner.rstrip("/") + "/" + site.index)
    return missing(site, request) if found is None or found.is_dir() else file_answer(found, request)


def split_target(target: str) -> tuple[str, str]:
    """The decoded path of a request target, and its query with the question mark. Raises RequestError."""
    if target.startswith(("http://", "https://")):
        parts = urlsplit(target)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.startswith("/"):
        raise RequestError(400)
    raw, mark, query = target.partition("#")[0].partition("?")
    try:
        path = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise RequestError(400) from None
    if CONTROL.search(path):
        raise RequestError(400)
    return path, mark + query


def inside(site: Site, path: str) -> str | None:
    """The path below the longest fitting prefix; None where no prefix fits."""
    for prefix in site.prefixes:
        if path == prefix or path.startswith(prefix + "/"):
            return path[len(prefix) :]
    return None


def locate(site: Site, inner: str) -> Path | None:
    """The file or folder of a path, None where there is none that may be served."""
    parts = inner.strip("/").split("/") if inner.strip("/") else []
    if "//" in inner or "\\" in inner:
        return None
    for depth, part in enumerate(parts):
        if part.startswith(".") and not (depth == 0 and part == ".well-known"):
            return None
    try:
        real = Path(os.path.realpath(site.root.joinpath(*parts), strict=True))
        mode = real.stat().st_mode
    except OSError:
        return None
    if real != site.root and site.root not in real.parents:
        return None
    return real if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else None


def missing(site: Site, request: Request) -> Answer:
    """Status 404, with the site's own page where it has one."""
    page = locate(site, site.not_found) if site.not_found else None
    if page is None or page.is_dir():
        return plain(404)
    whole = file_answer(page, Request(request.method, request.target, request.version, {}))
    whole.status = 404
    whole.headers.pop("ETag")
    whole.headers.pop("Accept-Ranges")
    whole.headers["Cache-Control"] = "no-store"
    return whole


def file_answer(path: Path, request: Request) -> Answer:
    """The answer with a file: 200, 206, 304 or 416."""
    found = path.stat()
    kind = TYPES.guess_type(path.name)[0] or "application/octet-stream"
    text = TEXT.match(kind) is not None
    tag = content_tag(path, found.st_mtime_ns, found.st_size)
    headers = {
        "Content-Type": f"{kind}; charset=utf-8" if text else kind,
        "Cache-Control": "public, max-age=31536000, immutable" if FINGERPRINT.search(path.name) else "no-cache",
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
    }
    wanted = request.headers.get("range")
    squeeze = text and wanted is None and GZIP_FROM <= found.st_size <= GZIP_UP_TO
    if text:
        headers["Vary"] = "Accept-Encoding"
    if squeeze and accepts_gzip(request.headers.get("accept-encoding", "")):
        headers |= {"Content-Encoding": "gzip", "ETag": f'"{tag}-gz"'}
        if matches(request.headers.get("if-none-match"), headers["ETag"]):
            return Answer(304, kept(headers))
        return Answer(200, headers, squeezed(path, found.st_mtime_ns, found.st_size))
    headers["ETag"] = f'"{tag}"'
    if matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Answer(304, kept(headers))
    start, end, status = 0, found.st_size, 200
    if wanted is not None and request.headers.get("if-range", headers["ETag"]) == headers["ETag"]:
        part = byte_range(wanted, found.st_size)
        if part == (0, 0):
            return plain(416, **{"Content-Range": f"bytes */{found.st_size}"})
        if part is not None:
            start, end = part
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.st_size}"
    return Answer(status, headers, file=path, start=start, end=end)


def kept(headers: dict[str, str]) -> dict[str, str]:
    """The headers that a 304 repeats."""
    return {name: value for name, value in headers.items() if name in {"ETag", "Cache-Control", "Vary"}}


def byte_range(text: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None where the header is to be ignored, (0, 0) where nothing fits."""
    match = RANGE.match(text.strip())
    if match is None or match[0] == "bytes=-":
        return None
    if not match[1]:
        start, end = max(0, size - int(match[2])), size
    else:
        start = int(match[1])
        end = min(int(match[2]) + 1, size) if match[2] else size
        if match[2] and int(match[2]) < start:
            return None
    return (start, end) if start < end else (0, 0)


def accepts_gzip(text: str) -> bool:
    """Whether Accept-Encoding names gzip, or everything, with a quality above zero."""
    found: dict[str, bool] = {}
    for item in text.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        found[name] = not any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters)
    return found.get("gzip", found.get("*", False))


def matches(text: str | None, tag: str) -> bool:
    """Whether If-None-Match names the tag."""
    if text is None:
        return False
    return text.strip() == "*" or tag in (item.strip().removeprefix("W/") for item in text.split(","))


@lru_cache(maxsize=4096)
def content_tag(path: Path, _changed: int, _size: int) -> str:
    """A hash of the file's content."""
    whole = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            whole.update(block)
    return whole.hexdigest()[:32]


@lru_cache(maxsize=64)
def squeezed(path: Path, _changed: int, _size: int) -> bytes:
    """The file compressed."""
    return gzip.compress(path.read_bytes(), 6, mtime=0)


def plain(status: int, **headers: str) -> Answer:
    """A small page that says the status."""
    text = f"<!doctype html><title>{status}</title><h1>{status} {html.escape(HTTPStatus(status).phrase)}</h1>\n"
    common = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Answer(status, common | headers, text.encode())


def parse_head(data: bytes) -> Request:
    """A request from its head. Raises RequestError."""
    lines = data.decode("latin-1").split("\r\n")
    first = REQUEST_LINE.fullmatch(lines[0])
    if first is None:
        raise RequestError(400)
    headers: dict[str, str] = {}
    for line in lines[1:]:
        if not line:
            continue
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise RequestError(400)
        key = name.lower()
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    if first[3] == "HTTP/1.1" and "host" not in headers:
        raise RequestError(400)
    return Request(first[1], first[2], first[3], headers)


def keeps_open(request: Request) -> bool:
    """Whether another request may follow. A body is never read: the connection ends after a request that has one."""
    if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
        return False
    wish = request.headers.get("connection", "").lower()
    return "close" not in wish if request.version == "HTTP/1.1" else "keep-alive" in wish


class Server:
    """The connections of one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.ending = asyncio.Event()
        self.open: set[asyncio.Task[None]] = set()
        self.idle: set[asyncio.Task[None]] = set()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection to its end."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served in a task")
        self.open.add(task)
        try:
            if len(self.open) > CONNECTIONS:
                await self._send(writer, plain(503), "GET", last=True)
            else:
                while await self._one(task, reader, writer) and not self.ending.is_set():
                    pass
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open.discard(task)
            self.idle.discard(task)
            writer.close()

    async def _one(self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        method, began = "GET", time.monotonic()
        shown, again = "-", False
        self.idle.add(task)
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE_SECONDS)
            began = time.monotonic()
            self.idle.discard(task)
            request = parse_head(head[:-4])
            method, shown = request.method, request.target.partition("?")[0]
            again = keeps_open(request) and not self.ending.is_set()
            given = answer(self.site, request)
        except asyncio.LimitOverrunError:
            given, again = plain(431), False
        except RequestError as error:
            given, again = plain(error.status), False
        finally:
            self.idle.discard(task)
        sent = await self._send(writer, given, method, last=not again)
        if shown != HEALTH:
            millis = (time.monotonic() - began) * 1000
            sys.stdout.write(f"{method} {ascii(shown)[1:-1]} {given.status} {sent} {millis:.1f}ms\n")
            sys.stdout.flush()
        return again

    async def _send(self, writer: asyncio.StreamWriter, given: Answer, method: str, *, last: bool) -> int:
        head = {"Date": email.utils.formatdate(usegmt=True)} | given.headers
        if given.status != HTTPStatus.NOT_MODIFIED:
            head["Content-Length"] = str(given.length)
        head["Connection"] = "close" if last else "keep-alive"
        lines = [
            f"HTTP/1.1 {given.status} {HTTPStatus(given.status).phrase}",
            *(f"{name}: {value}" for name, value in head.items()),
        ]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        if method == "HEAD" or given.status == HTTPStatus.NOT_MODIFIED:
            await asyncio.wait_for(writer.drain(), SEND_SECONDS)
            return 0
        if given.file is None:
            writer.write(given.body)
        else:
            with given.file.open("rb") as stream:
                stream.seek(given.start)
                left = given.length
                while left > 0 and (block := stream.read(min(BLOCK, left))):
                    left -= len(block)
                    writer.write(block)
                    await asyncio.wait_for(writer.drain(), SEND_SECONDS)
                if left:
                    raise OSError("the file became shorter")
        await asyncio.wait_for(writer.drain(), SEND_SECONDS)
        return given.length


async def serve(site: Site, host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT."""
    server = Server(site)
    listening = await asyncio.start_server(server.connected, host, port, limit=HEAD_LIMIT, backlog=512)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.ending.set)
    where = listening.sockets[0].getsockname()
    sys.stdout.write(f"serving {site.root} on {where[0]}:{where[1]}\n")
    sys.stdout.flush()
    await server.ending.wait()
    listening.close()
    for task in list(server.idle):
        task.cancel()
    if server.open:
        await asyncio.wait(server.open, timeout=FINISH_SECONDS)


def main(arguments: list[str]) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="site_server")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--index", default="index.html")
    parser.add_argument("--not-found")
    parser.add_argument("--prefix", action="append", default=[])
    given = parser.parse_args(arguments)
    if not given.root.is_dir():
        parser.error(f"{given.root} is no folder")
    prefixes = sorted({prefix.rstrip("/") for prefix in given.prefix or ["/"]}, key=len, reverse=True)
    site = Site(Path(os.path.realpath(given.root)), given.index, given.not_found, tuple(prefixes))
    asyncio.run(serve(site, os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8080"))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
