"""Unpacked sources by digest: every version that is in use, and no other."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry_host.daemon.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_UNPACKED: Final = 32 * 2**20
_GRACE_SECONDS: Final = 600.0
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Sources:
    """A folder of unpacked sources. Digests come without `sha256:`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder

    def find(self, digest: str) -> Path:
        """Where the sources lie; asking for them keeps them a while. Raises RefusedError."""
        path = self._folder / digest
        if not _DIGEST.fullmatch(digest) or not path.is_dir():
            raise RefusedError(404, "no_source", f"The host has no sources {digest[:12]}.", "Send them first.")
        os.utime(path)
        return path

    def add(self, digest: str, archive: bytes) -> None:
        """Unpacks an archive whose tree has this digest. Raises RefusedError where it is another, or unsafe."""
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".") as aside:
            tree = Path(aside) / "tree"
            tree.mkdir()
            try:
                with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as packed:
                    members = packed.getmembers()
                    if sum(member.size for member in members) > MAX_UNPACKED:
                        raise RefusedError(413, "too_large", "The sources are too large for this host.")
                    packed.extractall(tree, members, filter="data")
            except (tarfile.TarError, OSError, EOFError, ValueError) as error:
                raise RefusedError(400, "bad_archive", f"The sources cannot be unpacked: {error}") from error
            if tree_digest(tree) != digest:
                raise RefusedError(400, "other_digest", "The sources are not those that their digest names.")
            if not (self._folder / digest).exists():
                tree.rename(self._folder / digest)

    def keep_only(self, digests: Collection[str]) -> None:
        """Removes what nothing uses any more, but for what was sent a moment ago and is about to be used."""
        young = time.time() - _GRACE_SECONDS
        for path in self._folder.iterdir():
            if path.name not in digests and not path.name.startswith(".") and path.stat().st_mtime < young:
                shutil.rmtree(path, ignore_errors=True)


def tree_digest(root: Path) -> str:
    """The digest of a tree as Tenantry computes it: path, executable bit and content of every file."""
    lines = []
    for path in root.rglob("*"):
        if path.is_file():
            mark = "x" if path.stat().st_mode & 0o100 else "-"
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            lines.append(f"{path.relative_to(root).as_posix()}\0{mark}\0{content}\n".encode())
    return hashlib.sha256(b"".join(sorted(lines))).hexdigest()
