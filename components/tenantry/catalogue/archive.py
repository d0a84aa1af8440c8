"""Deterministic archives: gzip-compressed tar, files by path, no times, no owners; same files, same bytes."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tenantry.catalogue.scan import FileEntry


def write_tar(files: Iterable[tuple[FileEntry, Callable[[], bytes]]]) -> bytes:
    """The tar archive of files in the given order, not compressed."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry, read in files:
            info = tarfile.TarInfo(entry.path)
            info.size = entry.size
            info.mode = 0o755 if entry.executable else 0o644
            archive.addfile(info, io.BytesIO(read()))
    return packed.getvalue()


def compress(content: bytes) -> bytes:
    """Gzip without a name or a time."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=9, mtime=0) as compressed:
        compressed.write(content)
    return packed.getvalue()
