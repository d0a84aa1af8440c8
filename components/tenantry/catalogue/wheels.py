"""Wheels as files to lay beside a program: opened by their hash, never run, bounded."""

from __future__ import annotations

import stat
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.catalogue import scan
from tenantry.errors import CatalogueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tenantry.catalogue.platforms import Platform
    from tenantry.catalogue.requirements import Locked

_LAID: Final = ("purelib", "platlib")
"""Of a wheel's `.data` folder; scripts, headers and data have no place in a program's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel file: `pure` where it holds no compiled code for one processor."""

    path: Path
    name: str
    version: str
    sha256: str
    pure: bool


def choose(folder: Path, locked: tuple[Locked, ...], platform: Platform, minor: int) -> list[Wheel] | None:
    """For every locked requirement the best wheel of the folder that runs on the platform and has a locked hash.

    None where one is missing. Wheels that the lock does not name are passed over.
    """
    from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

    from tenantry.catalogue.platforms import platform_tags

    rank = {tag: place for place, tag in enumerate(platform_tags(platform, minor))}
    wanted = {one.name: one for one in locked}
    best: dict[str, tuple[int, str, Wheel]] = {}
    for path in sorted(folder.glob("*.whl")):
        try:
            name, version, _, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        one = wanted.get(canonicalize_name(name))
        places = [rank[tag] for tag in tags if tag in rank]
        if one is None or not places or not _same_version(str(version), one.version):
            continue
        digest = scan.sha256_of(path)
        if digest in one.hashes:
            pure = all(tag.platform == "any" for tag in tags)
            found = Wheel(path=path, name=one.name, version=one.version, sha256=digest, pure=pure)
            best[one.name] = min(best.get(one.name, (len(rank), "", found)), (min(places), path.name, found), key=_rank)
    if best.keys() != wanted.keys():
        return None
    return [best[name][2] for name in sorted(best)]


def _rank(found: tuple[int, str, Wheel]) -> tuple[int, str]:
    return found[:2]


def _same_version(one: str, other: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False


def lay(wheels: Iterable[Wheel]) -> dict[str, bytes]:
    """Path -> content of every file that the wheels put on the import path.

    Raises CatalogueError for a wheel that is damaged, too large or leads out of its folder, and for two that hold
    different files at one path.
    """
    laid: dict[str, bytes] = {}
    holder: dict[str, str] = {}
    left = scan.MAX_TREE_BYTES
    for wheel in wheels:
        for path, content in _files(wheel, left):
            if laid.get(path, content) != content:
                raise CatalogueError(
                    f"{wheel.path.name} and {holder[path]} both hold {path}, with different content",
                    hint="take one of them out of requirements.lock",
                )
            left -= len(content)
            laid[path] = content
            holder[path] = wheel.path.name
            if len(laid) > scan.MAX_FILES:
                raise CatalogueError(f"the locked wheels hold more than {scan.MAX_FILES} files")
    return laid


def _files(wheel: Wheel, limit: int) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(wheel.path) as archive:
            for member in archive.infolist():
                path = _place(wheel, member)
                if path is None:
                    continue
                with archive.open(member) as opened:
                    content = opened.read(min(scan.MAX_FILE_BYTES, limit) + 1)
                limit -= len(content)
                if limit < 0 or len(content) > scan.MAX_FILE_BYTES:
                    raise CatalogueError(f"{wheel.path.name} unpacks to more than a source may hold")
                yield path, content
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
        raise CatalogueError(
            f"{wheel.path.name} cannot be read: {error}", hint="lock another version of it in requirements.lock"
        ) from None


def _place(wheel: Wheel, member: zipfile.ZipInfo) -> str | None:
    """Where a member is laid; None for what is passed over."""
    name = member.filename
    if name.endswith("/"):
        return None
    parts = name.split("/")
    if (
        any(part in {"", ".", ".."} for part in parts)
        or "\\" in name
        or any(ord(character) < 32 or ord(character) == 127 for character in name)  # noqa: PLR2004 - ASCII
        or len(parts) > scan.MAX_DEPTH
    ):
        raise CatalogueError(f"{wheel.path.name} holds the path {name[:200]!r}", hint="it must not be used")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG}:
        raise CatalogueError(f"{name} in {wheel.path.name} is no regular file", hint="it must not be used")
    if parts[0].endswith(".data") and len(parts) > 2:  # noqa: PLR2004 - the folder, the scheme, the file
        if parts[1] not in _LAID:
            return None
        parts = parts[2:]
    if any(part in scan.EXCLUDED for part in parts):
        return None
    return "/".join(parts)
