"""Unpacks a packed source tree into a folder, and refuses anything that is not exactly the tree of the given digest.

    python -I unpack.py (--archive FILE | --url URL) --digest sha256:HEX --into FOLDER --max-files N --max-bytes N

A folder that already holds the tree is left as it is; one that holds something else is emptied first. One line on
stderr and exit status 1 when the archive is not the tree, 2 when the arguments are wrong. Standard library only.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import shutil
import sys
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

ATTEMPTS = 5
TIMEOUT = 30.0
BLOCK = 64 * 1024
HEADERS_PER_FILE = 8 * 1024


class RefusedError(Exception):
    """The archive is not the tree that was asked for."""


class Bounded(io.RawIOBase):
    """Reads from `source`, and refuses after `limit` bytes: a small archive may unpack to a very large one."""

    def __init__(self, source: BinaryIO | gzip.GzipFile, limit: int) -> None:
        self._source = source
        self._left = limit

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Fills the buffer."""
        view = memoryview(buffer)
        data = self._source.read(len(view))
        self._left -= len(data)
        if self._left < 0:
            raise RefusedError("the archive unpacks to more than the plan says")
        view[: len(data)] = data
        return len(data)


def tree_digest(root: Path) -> str:
    """`sha256:…` over path, executable bit and content of every file, in the order of their paths."""
    lines: list[bytes] = []
    for path in root.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            continue
        name = path.relative_to(root).as_posix()
        if path.is_symlink() or not path.is_file():
            raise RefusedError(f"{name!r} is no plain file")
        content = hashlib.sha256()
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                content.update(block)
        executable = "x" if path.stat().st_mode & 0o100 else "-"
        lines.append(f"{name}\0{executable}\0{content.hexdigest()}\n".encode())
    return "sha256:" + hashlib.sha256(b"".join(sorted(lines))).hexdigest()


def holds(root: Path, digest: str) -> bool:
    """Whether the folder holds exactly this tree already."""
    try:
        return tree_digest(root) == digest
    except RefusedError:
        return False


def safe_path(name: str) -> tuple[str, ...]:
    """The segments of a member's path. Refuses every path that could lead out of the folder."""
    parts = tuple(part for part in name.removeprefix("./").rstrip("/").split("/"))
    if name.startswith("/") or "\0" in name or "\\" in name or any(part in {"", ".", ".."} for part in parts):
        raise RefusedError(f"the archive holds the path {name!r}")
    return parts


def extract(stream: io.BufferedReader[Bounded], into: Path, *, max_files: int, max_bytes: int) -> None:
    """Writes the files of a gzip-compressed tar stream below `into`, which is empty."""
    left_files, left_bytes = max_files, max_bytes
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            if member.isdir() and member.name.strip("./") == "":
                continue
            path = into.joinpath(*safe_path(member.name))
            if member.isdir():
                path.mkdir(mode=0o755, parents=True, exist_ok=True)
                continue
            if not member.isreg():
                raise RefusedError(f"{member.name!r} is no plain file")
            left_files -= 1
            left_bytes -= member.size
            if left_files < 0 or left_bytes < 0:
                raise RefusedError(f"the archive holds more than {max_files} files or {max_bytes} bytes")
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            mode = 0o755 if member.mode & 0o100 else 0o644
            content = archive.extractfile(member)
            if content is None:
                raise RefusedError(f"{member.name!r} has no content")
            with path.open("xb") as out:
                shutil.copyfileobj(content, out, BLOCK)
            path.chmod(mode)


def fetch(url: str, limit: int) -> bytes:
    """The body that `url` answers with. Repeats what may pass: no answer, 408, 429 and 5xx."""
    if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
        raise RefusedError("the bundle's address is neither http nor https")
    problem = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(min(2**attempt, 10))
        try:
            request = urllib.request.Request(url, headers={"User-Agent": "tenantry-unpack"})  # noqa: S310 - checked
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - as above
                body: bytes = answer.read(limit + 1)
        except urllib.error.HTTPError as error:
            problem = f"status {error.code}"
            if error.code not in {408, 429} and error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
                break
        except (OSError, urllib.error.URLError) as error:
            problem = str(getattr(error, "reason", error))
        else:
            if len(body) > limit:
                raise RefusedError("the bundle is larger than the plan says")
            return body
    raise RefusedError(f"the bundle cannot be fetched: {problem}")


def unpack(data: BinaryIO, into: Path, *, digest: str, max_files: int, max_bytes: int) -> None:
    """Makes `into` hold exactly the tree."""
    for child in into.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()
    limit = max_bytes + (max_files + 64) * HEADERS_PER_FILE + 1024 * 1024
    try:
        plain = io.BufferedReader(Bounded(gzip.GzipFile(fileobj=data, mode="rb"), limit), BLOCK)
        extract(plain, into, max_files=max_files, max_bytes=max_bytes)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise RefusedError(f"the archive cannot be read: {error}") from None
    found = tree_digest(into)
    if found != digest:
        raise RefusedError(f"the archive holds {found}, not {digest}")


def main(arguments: list[str]) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="unpack")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--archive", type=Path)
    source.add_argument("--url")
    parser.add_argument("--digest", required=True)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--max-files", type=int, required=True)
    parser.add_argument("--max-bytes", type=int, required=True)
    given = parser.parse_args(arguments)
    try:
        given.into.mkdir(parents=True, exist_ok=True)
        if holds(given.into, given.digest):
            return 0
        if given.url is not None:
            data: BinaryIO = io.BytesIO(fetch(given.url, given.max_bytes + given.max_files * 1024 + 1024 * 1024))
        else:
            data = given.archive.open("rb")
        with data:
            unpack(data, given.into, digest=given.digest, max_files=given.max_files, max_bytes=given.max_bytes)
    except (RefusedError, OSError) as error:
        sys.stderr.write(f"unpack: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
