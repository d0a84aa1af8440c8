"""Reading bundles that anybody may have made: every count, size, name and kind is checked before a byte is written."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from tenantry.catalogue import scan
from tenantry.catalogue.bundle import INFO, TEMPLATE, WHEEL_NAME, WHEELS, BundleInfo, parse_info
from tenantry.catalogue.tree import read_tree
from tenantry.errors import CatalogueError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

MAX_BUNDLE_BYTES: Final = 512 * 1024 * 1024
MAX_WHEELS: Final = 500
MAX_INFO_BYTES: Final = 256 * 1024
MAX_RATIO: Final = 200
"""Of one entry's unpacked to its packed size, above 1 MiB: no source is that repetitive."""
_RATIO_FROM: Final = 1024 * 1024
_MAX_DIRECTORY: Final = 8 * 1024 * 1024
_END: Final = struct.Struct("<4s4H2LH")
_END_MARK: Final = b"PK\x05\x06"
_UTF8: Final = 0x800
_BLOCK: Final = 1024 * 1024
_DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    struct.error,
)
_AGAIN: Final = "get it again from its publisher; do not use this file"


def read_info(path: Path) -> BundleInfo:
    """What the bundle says of itself; every entry's name, kind and size is checked. Raises CatalogueError."""
    with _opened(path) as file, _archive(path, file) as archive:
        return _checked(path, archive)[0]


def unpack(bundle: Path, into: Path, *, shown: Path | None = None) -> BundleInfo:
    """Writes `template/` and `wheels/` of the bundle into an empty folder, exactly as its `bundle.json` says.

    Args:
        bundle: the file.
        into: the folder.
        shown: what messages call the bundle.

    Raises CatalogueError; what was written until then must be thrown away.
    """
    path = shown or bundle
    with _opened(bundle) as file, _archive(path, file) as archive:
        info, members = _checked(path, archive)
        left = 2 * scan.MAX_TREE_BYTES
        for member in members:
            target = into / member.filename
            target.parent.mkdir(parents=True, exist_ok=True)
            left -= _write(path, archive, member, target, left)
            target.chmod(0o755 if (member.external_attr >> 16) & stat.S_IXUSR else 0o644)
    (into / INFO).write_bytes(info.to_json())
    tree = read_tree(into / TEMPLATE)
    if tree.digest != info.digest:
        raise CatalogueError(f"{path} was changed: it says {info.digest} and holds {tree.digest}", hint=_AGAIN)
    for name, digest in info.wheels.items():
        if hashlib.sha256((into / WHEELS / name).read_bytes()).hexdigest() != digest:
            raise CatalogueError(f"{path} was changed: its wheel {name} is another one", hint=_AGAIN)
    return info


def _opened(path: Path) -> BinaryIO:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise CatalogueError(f"{path} is no regular file")
        return os.fdopen(descriptor, "rb")
    except OSError as error:
        raise CatalogueError(f"{path} cannot be read: {error.strerror}") from None


def _archive(path: Path, file: BinaryIO) -> zipfile.ZipFile:
    """The archive, whose end was checked first: its directory alone could fill the memory."""
    size = file.seek(0, os.SEEK_END)
    if size > MAX_BUNDLE_BYTES:
        raise CatalogueError(f"{path} is larger than {MAX_BUNDLE_BYTES // 1024**2} MiB", hint=_AGAIN)
    file.seek(max(0, size - _END.size))
    tail = file.read(_END.size)
    if len(tail) < _END.size or tail[:4] != _END_MARK:
        raise CatalogueError(f"{path} is no bundle, or was cut off", hint=_AGAIN)
    _, disk, first_disk, here, entries, length, start, comment = _END.unpack(tail)
    whole = (disk, first_disk, comment) == (0, 0, 0) and here == entries and start + length == size - _END.size
    if not whole or entries > scan.MAX_FILES + MAX_WHEELS + 1 or length > _MAX_DIRECTORY:
        raise CatalogueError(f"{path} holds too many entries, or bytes that belong to none", hint=_AGAIN)
    try:
        return zipfile.ZipFile(file)
    except _DAMAGED as error:
        raise CatalogueError(f"{path} cannot be read: {error}", hint=_AGAIN) from None


def _checked(path: Path, archive: zipfile.ZipFile) -> tuple[BundleInfo, list[zipfile.ZipInfo]]:
    """The bundle's words, and the entries that belong to it."""
    members = archive.infolist()
    problem = next((found for found in map(_member_problem, members) if found), None) or _names_problem(members)
    if problem is not None:
        raise CatalogueError(f"{path} {problem}", hint=_AGAIN)
    try:
        with archive.open(members[0]) as opened:
            info = parse_info(opened.read(MAX_INFO_BYTES))
    except (*_DAMAGED, OSError) as error:
        raise CatalogueError(f"{path} cannot be read: {str(error)[:200]}", hint=_AGAIN) from None
    wheels = {member.filename.removeprefix(WHEELS) for member in members if member.filename.startswith(WHEELS)}
    if wheels != info.wheels.keys():
        raise CatalogueError(f"{path} was changed: its wheels are not those of its {INFO}", hint=_AGAIN)
    return info, members[1:]


def _names_problem(members: list[zipfile.ZipInfo]) -> str | None:
    names = [member.filename for member in members]
    files = [name for name in names if name.startswith(TEMPLATE)]
    wheels = [name for name in names if name.startswith(WHEELS)]
    if not names or names[0] != INFO or len(names) != 1 + len(files) + len(wheels):
        return f"holds something else than {INFO}, {TEMPLATE} and {WHEELS}"
    if names[1:] != files + wheels or files != sorted(set(files), key=str.encode) or wheels != sorted(set(wheels)):
        return "holds a file twice, or not in order"
    if len(files) > scan.MAX_FILES or len(wheels) > MAX_WHEELS:
        return f"holds more than {scan.MAX_FILES} files or {MAX_WHEELS} wheels"
    folders = {name[:place] for name in files for place, character in enumerate(name) if character == "/"}
    if folders & set(files):
        return "holds a file and a folder of the same name"
    return None if any(name == TEMPLATE + "template.yaml" for name in files) else "has no template.yaml"


def _member_problem(member: zipfile.ZipInfo) -> str | None:
    """What is wrong with one entry, by what the archive's directory says of it."""
    name = member.filename
    shown = repr(name[:120])
    if _leads_out(name):
        return f"holds the path {shown}"
    if name.startswith(WHEELS) and WHEEL_NAME.fullmatch(name.removeprefix(WHEELS)) is None:
        return f"holds {shown}, which is no wheel"
    if stat.S_IFMT(member.external_attr >> 16) != stat.S_IFREG or member.is_dir():
        return f"holds {shown}, which is no regular file"
    if member.flag_bits & ~_UTF8 or member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return f"holds {shown} encrypted or in an unknown form"
    return _size_problem(member, shown)


def _size_problem(member: zipfile.ZipInfo, shown: str) -> str | None:
    bound = MAX_INFO_BYTES if member.filename == INFO else scan.MAX_FILE_BYTES
    if member.file_size > bound:
        return f"holds {shown}, which is larger than {bound // 1024} KiB"
    if member.file_size > _RATIO_FROM and member.file_size > MAX_RATIO * max(1, member.compress_size):
        return f"holds {shown}, which unpacks to more than {MAX_RATIO} times its size"
    return None


def _leads_out(name: str) -> bool:
    parts = name.split("/")
    if any(part in {"", ".", ".."} or part in scan.EXCLUDED for part in parts) or len(parts) > scan.MAX_DEPTH + 1:
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return True
    return "\\" in name or any(ord(character) < 32 or ord(character) == 127 for character in name)  # noqa: PLR2004 - ASCII


def _write(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Writes one entry, never more than it was said to hold; the number of bytes."""
    written = 0
    try:
        with archive.open(member) as source, target.open("xb") as out:
            while block := source.read(_BLOCK):
                written += len(block)
                if written > member.file_size or written > left:
                    raise CatalogueError(f"{path} unpacks to more than a bundle may hold", hint=_AGAIN)
                out.write(block)
    except (*_DAMAGED, OSError) as error:
        raise CatalogueError(f"{path} cannot be unpacked: {str(error)[:200]}", hint=_AGAIN) from None
    if written != member.file_size:
        raise CatalogueError(f"{path} was cut off at {member.filename}", hint=_AGAIN)
    return written
