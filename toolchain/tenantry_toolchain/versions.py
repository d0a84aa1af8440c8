"""What version a program on this machine is, asked once per file: the answers are kept in the cache folder.

`tenantry up` may start the engine only once, so finding it must not start it again each time.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from functools import total_ordering
from pathlib import Path

from tenantry_toolchain import folders

_MEMO = "versions.json"
_ASK_SECONDS = 30
_PATTERN = re.compile(r"v?(\d+)\.(\d+)\.(\d+)((?:-[0-9A-Za-z.-]+)?)")


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A semantic version; a pre-release sorts before its release, pre-releases by name."""

    major: int
    minor: int
    patch: int
    pre: str = ""

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}{'-' + self.pre if self.pre else ''}"

    def __lt__(self, other: Version) -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[int, int, int, bool, str]:
        return (self.major, self.minor, self.patch, not self.pre, self.pre)


def parse(text: str) -> Version | None:
    """The first version in `text`, with or without `v`; None where there is none."""
    found = _PATTERN.search(text)
    if found is None:
        return None
    major, minor, patch, pre = found.groups()
    return Version(int(major), int(minor), int(patch), pre.removeprefix("-"))


def ask(program: Path, *arguments: str) -> Version | None:
    """The version that `program` prints when called with `arguments`; None where it does not run or prints none."""
    try:
        stat = program.stat()
    except OSError:
        return None
    key = f"{program} {' '.join(arguments)}"
    stamp = f"{stat.st_mtime_ns}:{stat.st_size}:{stat.st_ino}"
    memo = _load()
    known = memo.get(key)
    if known is not None and known[0] == stamp:
        return parse(known[1])
    said = _run(program, arguments)
    version = parse(said)
    if version is not None:
        _save(memo | {key: [stamp, str(version)]})
    return version


def _run(program: Path, arguments: tuple[str, ...]) -> str:
    env = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "1"}
    try:
        asked = subprocess.run(
            [program, *arguments], env=env, capture_output=True, text=True, timeout=_ASK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return asked.stdout if asked.returncode == 0 else ""


def _load() -> dict[str, list[str]]:
    try:
        found = json.loads((folders.root() / _MEMO).read_text("utf-8"))
        return {key: [str(value[0]), str(value[1])] for key, value in found.items()}
    except (OSError, ValueError, AttributeError, IndexError, KeyError, TypeError):
        return {}


def _save(memo: dict[str, list[str]]) -> None:
    # Only a short cut: a folder that cannot be written is reported where something must be written.
    with contextlib.suppress(OSError):
        folders.root().mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=_MEMO, dir=folders.root())
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(memo, file, indent=1)
        Path(name).replace(folders.root() / _MEMO)
