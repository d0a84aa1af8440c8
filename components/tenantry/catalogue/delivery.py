"""A component's sources as they are delivered: with the locked Python packages beside the program, packed once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from tenantry.catalogue.archive import compress, write_tar
from tenantry.catalogue.cache import cache_root, write_once
from tenantry.catalogue.requirements import LOCK_FILE
from tenantry.catalogue.scan import FileEntry
from tenantry.errors import CatalogueError
from tenantry.spec.plan import SourceRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tenantry.catalogue.platforms import Platform
    from tenantry.catalogue.tree import SourceTree

_FORMAT: Final = 1
_MOST_SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedSource:
    """An archive and the tree that it unpacks to. `native`: it holds compiled code for one processor."""

    ref: SourceRef
    archive: bytes
    native: bool = False


def deliver(tree: SourceTree, platform: Platform | None, *, vendored: Path | None = None) -> PackedSource:
    """The packed tree; with its locked packages where it has a `requirements.lock` and the platform runs Python.

    The same tree and platform give the same bytes, and after the first time no network is used.

    Raises:
        CatalogueError: a locked package cannot be had, or collides with the program's files.
        SpecError: the lock is wrong.
    """
    lock = next((entry for entry in tree.files if entry.path == LOCK_FILE), None)
    minor = platform.minor if platform is not None else None
    if lock is None or platform is None or minor is None:
        return PackedSource(ref=tree.ref, archive=tree.archive())
    key = hashlib.sha256(f"{_FORMAT} {tree.digest} {platform}".encode()).hexdigest()[:32]
    kept = cache_root() / "packed" / f"{key}.tar.gz"
    found = _read(kept)
    if found is None:
        found = _pack(tree, platform, minor, lock, vendored)
        _write(kept, found)
    return found


def _pack(tree: SourceTree, platform: Platform, minor: int, lock: FileEntry, vendored: Path | None) -> PackedSource:
    from tenantry.catalogue.fetch import fetched
    from tenantry.catalogue.requirements import needed, parse_lock
    from tenantry.catalogue.tree import digest_of
    from tenantry.catalogue.wheels import lay

    locked = parse_lock(tree.read(lock), file=str(tree.root / LOCK_FILE))
    wheels = fetched(needed(locked, platform, minor), platform, minor, vendored=vendored)
    laid = lay(wheels)
    _check_apart(tree, laid)
    contents = {entry.path: (entry, tree.read(entry)) for entry in tree.files}
    for path, content in laid.items():
        digest = hashlib.sha256(content).hexdigest()
        contents[path] = (FileEntry(path=path, executable=False, size=len(content), sha256=digest), content)
    entries = [contents[path][0] for path in sorted(contents, key=str.encode)]
    packed = compress(write_tar((entry, partial(_content, contents, entry)) for entry in entries))
    ref = SourceRef(digest=digest_of(entries), files=len(entries), size=sum(entry.size for entry in entries))
    return PackedSource(ref=ref, archive=packed, native=any(not wheel.pure for wheel in wheels))


def _content(contents: Mapping[str, tuple[FileEntry, bytes]], entry: FileEntry) -> bytes:
    return contents[entry.path][1]


def _check_apart(tree: SourceTree, laid: Mapping[str, bytes]) -> None:
    """Raises CatalogueError where a package would hide, or be hidden by, one of the program's own files."""
    own = {entry.path for entry in tree.files}
    brought = set(laid)
    clashes = sorted((own & brought) | (own & _folders(brought)) | (_folders(own) & brought))
    clashes += sorted(_modules(own) & _modules(brought))
    if clashes:
        shown = ", ".join(dict.fromkeys(clashes[:_MOST_SHOWN]))
        raise CatalogueError(
            f"{tree.root} and its locked packages both hold {shown}",
            hint="rename the program's own file or folder: locked packages are laid beside it",
        )


def _folders(paths: Iterable[str]) -> set[str]:
    """Every folder that one of the files is in."""
    found = set()
    for path in paths:
        while "/" in path:
            path = path.rpartition("/")[0]  # noqa: PLW2901 - up, step by step
            found.add(path)
    return found


def _modules(paths: Iterable[str]) -> set[str]:
    """Names that can be imported from the top: `six` for `six.py` and for `six/__init__.py`."""
    found = set()
    for path in paths:
        top, _, below = path.partition("/")
        if below and "." not in top and below.endswith((".py", ".so", ".pyi")):
            found.add(top)
        elif not below and top.endswith((".py", ".so")):
            found.add(top.partition(".")[0])
    return found


def _read(kept: Path) -> PackedSource | None:
    """The archive of an earlier run; None where there is none or it is damaged."""
    try:
        record = json.loads(kept.with_suffix(".json").read_bytes())
        archive = kept.read_bytes()
        if hashlib.sha256(archive).hexdigest() != record["archive"]:
            return None
        return PackedSource(ref=SourceRef(**record["ref"]), archive=archive, native=bool(record["native"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(kept: Path, packed: PackedSource) -> None:
    ref = packed.ref
    record = {
        "archive": hashlib.sha256(packed.archive).hexdigest(),
        "ref": {"digest": ref.digest, "files": ref.files, "size": ref.size},
        "native": packed.native,
    }
    write_once(kept, packed.archive)
    write_once(kept.with_suffix(".json"), json.dumps(record).encode())
