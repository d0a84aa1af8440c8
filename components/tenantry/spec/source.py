"""Where values stand in their file, kept beside every loaded model: later checks can point to file, line and column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from tenantry.errors import Problem
from tenantry.spec.shown import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Path: TypeAlias = "tuple[str | int, ...]"
"""Keys and indexes from the top of the document."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake before it has a place in a file. `on_key` points to the name instead of the value."""

    path: Path
    message: str
    hint: str = ""
    on_key: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """The places of one loaded file. Lines and columns count from 1."""

    file: str
    values: Mapping[Path, tuple[int, int]] = field(default_factory=dict)
    keys: Mapping[Path, tuple[int, int]] = field(default_factory=dict)

    def at(self, path: Path, *, on_key: bool = False) -> tuple[int, int]:
        """Line and column of the value at `path`, or of the nearest place above it; (0, 0) for the whole file."""
        if on_key and path in self.keys:
            return self.keys[path]
        for length in range(len(path), 0, -1):
            place = self.values.get(path[:length])
            if place is not None:
                return place
        return self.values.get((), (0, 0))

    def problem(self, finding: Finding) -> Problem:
        """The finding as a problem with its place."""
        line, column = self.at(finding.path, on_key=finding.on_key)
        return Problem(
            file=self.file,
            line=line,
            column=column,
            path=dotted(finding.path),
            message=finding.message,
            hint=finding.hint,
        )

    def problems(self, findings: Iterable[Finding]) -> list[Problem]:
        """All findings as problems, in file order."""
        found = [self.problem(finding) for finding in findings]
        return sorted(found, key=lambda problem: (problem.line, problem.column))


def dotted(path: Path) -> str:
    """`("domains", 0, "host")` as `domains[0].host`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            word = shown(part)
            text += f".{word}" if text else word
    return text
