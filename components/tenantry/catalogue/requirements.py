"""`requirements.lock` of a service's sources: exact versions with hashes, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.errors import Problem, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.markers import Marker

    from tenantry.catalogue.platforms import Platform

LOCK_FILE: Final = "requirements.lock"
"""At the top of a service's sources; `uv pip compile` and `pip-compile` write it with `--generate-hashes`."""

MAX_LOCK_BYTES: Final = 1024 * 1024
MAX_REQUIREMENTS: Final = 200
_COMMENT: Final = re.compile(r"(^|\s)#.*$")
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_MAKE: Final = "make it with: uv pip compile requirements.in --generate-hashes -o requirements.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """One line: canonical name, version, the hashes (SHA-256, hexadecimal) of its files, and where it is needed."""

    name: str
    version: str
    hashes: frozenset[str]
    marker: Marker | None = None

    def line(self) -> str:
        """The requirement as pip reads it, without its marker."""
        return " ".join([f"{self.name}=={self.version}", *(f"--hash=sha256:{one}" for one in sorted(self.hashes))])


def parse_lock(content: bytes, *, file: str) -> tuple[Locked, ...]:
    """The lines of a lock, by name. `file` names it in messages. Raises SpecError with every problem."""
    problems: list[Problem] = []
    found: dict[str, Locked] = {}
    if len(content) > MAX_LOCK_BYTES:
        raise SpecError([Problem(file=file, message=f"is larger than {MAX_LOCK_BYTES} bytes")])
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise SpecError([Problem(file=file, message="is not UTF-8")]) from None
    for number, line in _logical_lines(text):
        locked = _parse_line(line)
        if isinstance(locked, str):
            problems.append(Problem(file=file, line=number, column=1, message=locked, hint=_MAKE))
        elif locked.name in found:
            message = f"{locked.name} stands there twice"
            problems.append(Problem(file=file, line=number, column=1, message=message))
        else:
            found[locked.name] = locked
    if len(found) > MAX_REQUIREMENTS:
        problems.append(Problem(file=file, message=f"has more than {MAX_REQUIREMENTS} requirements"))
    if problems:
        raise SpecError(problems)
    return tuple(found[name] for name in sorted(found))


def needed(locked: tuple[Locked, ...], platform: Platform, minor: int) -> tuple[Locked, ...]:
    """The lines that the platform needs."""
    from tenantry.catalogue.platforms import marker_environment

    environment = marker_environment(platform, minor)
    return tuple(one for one in locked if one.marker is None or one.marker.evaluate(environment))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Number of the first line, and the whole line: a backslash at the end goes on, comments are gone."""
    begun, parts = 0, list[str]()
    for number, raw in enumerate(text.splitlines(), 1):
        line = _COMMENT.sub("", raw).rstrip()
        begun = begun or number
        parts.append(line.removesuffix("\\").strip())
        if line.endswith("\\"):
            continue
        whole = " ".join(part for part in parts if part)
        if whole:
            yield begun, whole
        begun, parts = 0, []
    rest = " ".join(part for part in parts if part)
    if rest:
        yield begun, rest


def _parse_line(line: str) -> Locked | str:
    """The requirement, or what is wrong with it."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    if line.startswith("-"):
        return "has an option; only exact requirements with hashes are taken"
    words = line.split(" --")
    hashes = [_HASH.fullmatch(f"--{word.strip()}") for word in words[1:]]
    if None in hashes:
        return "has an option other than --hash=sha256:… with 64 hexadecimal digits"
    try:
        requirement = Requirement(words[0].strip())
    except InvalidRequirement:
        return "is no requirement such as name==1.2.3 --hash=sha256:…"
    if requirement.url is not None:
        return "names an address; only versions from a package index are taken"
    pinned = re.fullmatch(r"==\s*([^\s,*]+)", str(requirement.specifier))
    if pinned is None or not hashes:
        wrong = "no --hash=sha256:…" if pinned else "no one version: pin it with =="
        return f"{requirement.name} has {wrong}"
    return Locked(
        name=canonicalize_name(requirement.name),
        version=pinned.group(1),
        hashes=frozenset(one.group(1) for one in hashes if one is not None),
        marker=requirement.marker,
    )
