"""Bounded reading of one YAML file: UTF-8, one document, no tags, few aliases, every place remembered.

Plain scalars follow the core schema of YAML 1.2, not 1.1: `on`, `yes` and `12:30` are text, `0o17` is a number.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tenantry.errors import Problem, SpecError
from tenantry.spec.events import Reader
from tenantry.spec.source import Source

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry.spec.plan import Json

MAX_BYTES: Final = 1024 * 1024
"""A spec file may have one MiB."""

_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
_MARKS: Final = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: JSON data, places, and the mistakes that parsing found."""

    data: Json
    source: Source
    problems: tuple[Problem, ...] = field(default=())


def read_document(path: Path, *, name: str | None = None) -> Document:
    """Reads and parses a file; `name` is what messages call it.

    Raises SpecError where nothing could be parsed: a missing, special, too large, empty or non-UTF-8 file, broken YAML.
    """
    shown = name or str(path)
    return parse_document(read_bytes(path, shown), shown)


def read_bytes(path: Path, name: str, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a regular file of at most `limit` bytes; a larger one is refused without being read.

    Raises SpecError.
    """
    try:
        # O_NONBLOCK: opening a pipe must not wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _whole(name, "there is no such file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable path"
        raise _whole(name, f"the file cannot be opened: {reason}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _whole(name, "expected a regular file")
        if status.st_size > limit:
            raise _too_large(name, limit)
        chunks: list[bytes] = []
        left = limit + 1
        while left and (chunk := os.read(descriptor, left)):
            chunks.append(chunk)
            left -= len(chunk)
    except OSError as error:
        raise _whole(name, f"the file cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if not left:
        raise _too_large(name, limit)
    return b"".join(chunks)


def parse_document(raw: bytes, name: str) -> Document:
    """Parses the bytes of one YAML document. Raises SpecError where there is nothing to go on with."""
    text = _decode(raw, name)
    bad = _FORBIDDEN.search(text)
    if bad is not None:
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - (text.rfind("\n", 0, bad.start()) + 1) + 1
        found = f"the character U+{ord(bad.group()):04X} is not allowed in YAML"
        raise SpecError(
            [Problem(file=name, line=line, column=column, message=found, hint="write it as an escape in quotes")]
        )
    reader = Reader(name)
    data = reader.read(text)
    return Document(data=data, source=Source(name, reader.values, reader.keys), problems=tuple(reader.problems))


def _decode(raw: bytes, name: str) -> str:
    if raw[:2] in _MARKS:
        raise _whole(name, f"the file is {_MARKS[raw[:2]]}, expected UTF-8", "save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        byte = f"byte 0x{raw[error.start]:02X} is not UTF-8"
        raise SpecError(
            [Problem(file=name, line=line, column=column, message=byte, hint="save the file as UTF-8")]
        ) from None


def _whole(name: str, message: str, hint: str = "") -> SpecError:
    return SpecError([Problem(file=name, message=message, hint=hint)])


def _too_large(name: str, limit: int) -> SpecError:
    return _whole(name, f"the file is larger than {limit // 1024} KiB", "a spec file describes, it does not carry data")
