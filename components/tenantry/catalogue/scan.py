"""The files of a folder: regular files only, bounded, read without following any symbolic link."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.errors import CatalogueError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXCLUDED: Final = frozenset({"__pycache__", ".DS_Store"})
"""Names that are passed over wherever they stand: what tools leave behind. Every other name counts or is refused."""

MAX_FILES: Final = 10_000
MAX_FILE_BYTES: Final = 64 * 1024 * 1024
MAX_TREE_BYTES: Final = 256 * 1024 * 1024
MAX_DEPTH: Final = 32
_MOST_PROBLEMS: Final = 20
_BLOCK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file: path from the tree's root with `/`, whether it is executable, size in bytes, SHA-256 in hexadecimal."""

    path: str
    executable: bool
    size: int
    sha256: str


def scan(root: Path) -> tuple[FileEntry, ...]:
    """Every file below `root`, by path. Raises CatalogueError that names everything that is refused."""
    problems: list[str] = []
    entries: list[FileEntry] = []
    total = 0
    try:
        for relative, status in _walk(root, "", 0, problems):
            entries.append(_entry(root, relative, status))
            total += status.st_size
            if len(entries) > MAX_FILES:
                raise CatalogueError(
                    f"{root} has more than {MAX_FILES} files", hint="leave out what is not needed to run"
                )
            if total > MAX_TREE_BYTES:
                limit = MAX_TREE_BYTES // 1024**2
                raise CatalogueError(f"{root} is larger than {limit} MiB", hint="leave out what is not needed to run")
            if len(problems) >= _MOST_PROBLEMS:
                break
    except OSError as error:
        raise CatalogueError(f"{root} cannot be read: {error.strerror}: {error.filename}") from None
    if problems:
        listed = "\n".join(f"{root}/{problem}" for problem in problems[:_MOST_PROBLEMS])
        raise CatalogueError(listed, hint="a template holds regular files only; copy what a link points to into it")
    return tuple(sorted(entries, key=lambda entry: entry.path.encode()))


def read_entry(root: Path, entry: FileEntry) -> bytes:
    """The content of a scanned file. Raises CatalogueError where it has changed since."""
    try:
        descriptor = os.open(root / entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(entry.size + 1)
    except OSError as error:
        raise CatalogueError(f"{root / entry.path} cannot be read: {error.strerror}") from None
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise CatalogueError(f"{root / entry.path} changed while it was used", hint="run the command again")
    return content


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hexadecimal. Raises CatalogueError where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise CatalogueError(f"{path} cannot be read: {error.strerror}") from None
    return digest.hexdigest()


def _walk(root: Path, relative: str, depth: int, problems: list[str]) -> Iterator[tuple[str, os.stat_result]]:
    if depth > MAX_DEPTH:
        problems.append(f"{relative} is nested deeper than {MAX_DEPTH} folders")
        return
    with os.scandir(root / relative if relative else root) as found:
        names = sorted(found, key=lambda item: item.name)
    for item in names:
        if item.name in EXCLUDED:
            continue
        path = f"{relative}/{item.name}" if relative else item.name
        refusal = _name_problem(item.name)
        status = item.stat(follow_symlinks=False)
        if refusal is not None:
            problems.append(f"{path.encode('utf-8', 'backslashreplace').decode()} {refusal}")
        elif stat.S_ISDIR(status.st_mode):
            yield from _walk(root, path, depth + 1, problems)
        elif stat.S_ISLNK(status.st_mode):
            problems.append(f"{path} is a symbolic link")
        elif not stat.S_ISREG(status.st_mode):
            problems.append(f"{path} is not a regular file")
        elif status.st_size > MAX_FILE_BYTES:
            problems.append(f"{path} is larger than {MAX_FILE_BYTES // 1024**2} MiB")
        else:
            yield path, status


def _name_problem(name: str) -> str | None:
    try:
        name.encode()
    except UnicodeEncodeError:
        return "has a name that is not UTF-8"
    if "\\" in name or any(ord(character) < 32 or ord(character) == 127 for character in name):  # noqa: PLR2004 - ASCII
        return "has a backslash or a control character in its name"
    return None


def _entry(root: Path, relative: str, status: os.stat_result) -> FileEntry:
    digest = hashlib.sha256()
    size = 0
    descriptor = os.open(root / relative, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
            if size > MAX_FILE_BYTES:
                raise CatalogueError(f"{root / relative} is larger than {MAX_FILE_BYTES // 1024**2} MiB")
    return FileEntry(
        path=relative, executable=bool(status.st_mode & stat.S_IXUSR), size=size, sha256=digest.hexdigest()
    )
