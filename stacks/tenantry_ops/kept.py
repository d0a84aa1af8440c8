"""Small records that are kept between runs in `.tenantry/cache`, and the stamps that say whether they still hold.

What is kept is only ever a copy: a record that is missing, broken or out of date is made again from the files.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LIBRARIES: Final = ("pydantic", "pydantic-core", "pyyaml")
"""What reads and checks files beside our own code."""


def read_record(file: Path) -> dict[str, Any] | None:
    """The record in `file`; None where there is none or it is broken."""
    try:
        record = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def write_record(file: Path, record: Mapping[str, object]) -> None:
    """Replaces the record in one step. Does nothing where the folder cannot be written: it only saves time."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.stem}-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            json.dump(record, opened)
        Path(temporary).replace(file)
    except OSError:
        return


def digest_of_file(file: Path) -> str | None:
    """SHA-256 of a file's bytes in hexadecimal; None where there is no such file. Raises OSError."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


@functools.cache
def stamp_of_code(packages: tuple[str, ...], _path: tuple[str, ...] = tuple(sys.path)) -> str:
    """A stamp of everything that reads, checks and resolves files: path, size and time of each module of the packages.

    An editable installation changes without a new version, so versions alone would not do.
    """
    digest = hashlib.sha256(f"{sys.version} {_versions(_path)}".encode())
    for package in packages:
        for path, size, changed in _modules(package):
            digest.update(f"{path} {size} {changed}\n".encode())
    return digest.hexdigest()


@functools.cache
def _versions(_path: tuple[str, ...]) -> list[str]:
    return [importlib.metadata.version(library) for library in _LIBRARIES]


def _modules(package: str) -> Iterator[tuple[str, int, int]]:
    spec = importlib.util.find_spec(package)
    if spec is None:
        return
    folders = spec.submodule_search_locations
    if not folders:
        file = spec.origin or ""
        status = Path(file).stat()
        yield file, status.st_size, status.st_mtime_ns
    for folder in folders or ():
        yield from sorted(_below(folder))


def _below(folder: str) -> Iterator[tuple[str, int, int]]:
    # Some 200 files at every start: os.scandir takes a tenth of the time of Path.rglob.
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry.path)
            elif entry.name.endswith(".py"):
                status = entry.stat()
                yield entry.path, status.st_size, status.st_mtime_ns
