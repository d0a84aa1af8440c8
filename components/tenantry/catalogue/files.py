"""The catalogue's two small files: `lock.yaml` and `channels.yaml`."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry.errors import CatalogueError, SpecError
from tenantry.spec.names import EXACT_SELECTOR, ID, SEMVER, WORDS
from tenantry.spec.source import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.spec.yamlfile import Document

LOCK: Final = "lock.yaml"
CHANNELS: Final = "channels.yaml"
_DIGEST: Final = r"^sha256:[0-9a-f]{64}$"
_HEAD: Final = "# Digests of released template versions. Lines are added by a release and never changed.\n"


def read_lock(root: Path) -> dict[str, str]:
    """`name@version` -> digest; empty where there is no lock yet. Raises SpecError."""
    path = root / LOCK
    if not path.exists() or not _has_content(path):
        return {}
    document = _read(path)
    findings: list[Finding] = []
    found: dict[str, str] = {}
    for name, digest in _mapping(document).items():
        if re.fullmatch(EXACT_SELECTOR, name) is None:
            findings.append(Finding((name,), f"expected {WORDS[EXACT_SELECTOR]}", on_key=True))
        elif not isinstance(digest, str) or re.fullmatch(_DIGEST, digest) is None:
            findings.append(Finding((name,), "expected sha256: and 64 hexadecimal digits"))
        else:
            found[name] = digest
    _raise(document, findings)
    return found


def _read(path: Path) -> Document:
    # Imported late: a run with a kept plan needs this module's names, not a parser.
    from tenantry.spec.yamlfile import read_document

    return read_document(path)


def read_channels(root: Path) -> dict[str, dict[str, str]]:
    """Name -> channel -> version; empty where there are no channels. Raises SpecError."""
    path = root / CHANNELS
    if not path.exists() or not _has_content(path):
        return {}
    document = _read(path)
    findings: list[Finding] = []
    found: dict[str, dict[str, str]] = {}
    for name, channels in _mapping(document).items():
        if not isinstance(channels, dict):
            findings.append(Finding((name,), "expected channels and versions, such as {stable: 1.0.0}"))
            continue
        for channel, version in channels.items():
            if re.fullmatch(ID, channel) is None:
                findings.append(Finding((name, channel), f"expected {WORDS[ID]}", on_key=True))
            elif not isinstance(version, str) or re.fullmatch(SEMVER, version) is None:
                findings.append(Finding((name, channel), f"expected {WORDS[SEMVER]}"))
            else:
                found.setdefault(name, {})[channel] = version
    _raise(document, findings)
    return found


def write_lock(root: Path, lock: Mapping[str, str]) -> None:
    """Replaces the lock in one step. Raises CatalogueError."""
    text = _HEAD + "".join(f"{name}: {lock[name]}\n" for name in sorted(lock, key=_order))
    try:
        descriptor, temporary = tempfile.mkstemp(dir=root, prefix=".lock-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(root / LOCK)
    except OSError as error:
        raise CatalogueError(f"{root / LOCK} cannot be written: {error.strerror}") from None


def version_order(version: str) -> tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]:
    """A key that sorts semantic versions."""
    core, _, pre = version.partition("-")
    numbers = tuple(int(part) for part in core.split("."))
    parts = (
        tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in pre.split(".")) if pre else ()
    )
    return numbers, not pre, parts


def _order(selector: str) -> tuple[str, object]:
    name, _, version = selector.partition("@")
    return name, version_order(version)


def _has_content(path: Path) -> bool:
    """A file with nothing but comments counts as empty."""
    try:
        with path.open(encoding="utf-8") as file:
            return any(line.strip() and not line.lstrip().startswith("#") for line in file)
    except (OSError, UnicodeDecodeError):
        return True


def _mapping(document: Document) -> dict[str, object]:
    if document.problems:
        raise SpecError(document.problems)
    if not isinstance(document.data, dict):
        raise SpecError(document.source.problems([Finding((), "expected a mapping")]))
    return dict(document.data)


def _raise(document: Document, findings: list[Finding]) -> None:
    if findings:
        raise SpecError(document.source.problems(findings))
