"""A folder of sources as a value: files, digest, deterministic archive."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from tenantry.catalogue.archive import compress, write_tar
from tenantry.catalogue.scan import FileEntry, read_entry, scan
from tenantry.errors import CatalogueError
from tenantry.spec.plan import SourceRef

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tenantry.catalogue.delivery import PackedSource
    from tenantry.catalogue.platforms import Platform

__all__ = ["FileEntry", "SourceTree", "digest_of", "read_tree"]


@dataclass(frozen=True)
class SourceTree:
    """The files of one folder, as they were when it was read.

    `vendored` is a folder of wheels that came with them, where some did: locked packages are taken from there first.
    `upper_paths` are read from the folder `upper` instead of `root`: an overlay's files.
    """

    root: Path
    files: tuple[FileEntry, ...]
    vendored: Path | None = None
    upper: Path | None = None
    upper_paths: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """`sha256:…` over path, executable bit and content of every file."""
        return self.ref.digest

    @cached_property
    def ref(self) -> SourceRef:
        """What a plan carries of the tree."""
        size = sum(entry.size for entry in self.files)
        return SourceRef(digest=digest_of(self.files), files=len(self.files), size=size)

    def part(self, folder: str) -> SourceTree:
        """The files below a folder of the tree, not read again. Raises CatalogueError where there are none."""
        prefix = folder.removeprefix("./").rstrip("/") + "/"
        inside = [
            replace(entry, path=entry.path.removeprefix(prefix))
            for entry in self.files
            if entry.path.startswith(prefix)
        ]
        if not inside:
            raise CatalogueError(f"{self.root / prefix} has no files", hint="sources need at least one file")
        return replace(
            self,
            root=self.root / prefix,
            files=tuple(inside),
            upper=self.upper / prefix if self.upper is not None else None,
            upper_paths=frozenset(path.removeprefix(prefix) for path in self.upper_paths if path.startswith(prefix)),
        )

    def read(self, entry: FileEntry) -> bytes:
        """The content of one of the files. Raises CatalogueError where it changed after it was read."""
        over = self.upper is not None and entry.path in self.upper_paths
        return read_entry(self.upper if over and self.upper is not None else self.root, entry)

    def archive(self) -> bytes:
        """A gzip-compressed tar archive: files by path, no times, no owners; same tree, same bytes.

        Raises CatalogueError where a file changed after it was read.
        """
        return compress(write_tar((entry, partial(self.read, entry)) for entry in self.files))

    def packed(self, platform: Platform | None = None) -> PackedSource:
        """The tree as it is delivered to a platform, with the packages of its `requirements.lock` beside the program.

        Raises CatalogueError, SpecError; see `tenantry.catalogue.delivery`.
        """
        from tenantry.catalogue.delivery import deliver

        return deliver(self, platform, vendored=self.vendored)


def read_tree(root: Path) -> SourceTree:
    """The tree of a folder. Raises CatalogueError."""
    return SourceTree(root=root, files=scan(root))


def digest_of(files: Iterable[FileEntry]) -> str:
    """The digest of a tree, independent of order."""
    lines = sorted(f"{entry.path}\0{'x' if entry.executable else '-'}\0{entry.sha256}\n".encode() for entry in files)
    return "sha256:" + hashlib.sha256(b"".join(lines)).hexdigest()
