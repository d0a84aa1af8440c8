"""What could be better about a template version: findings with their places, and how portable it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tenantry.catalogue.catalogue import TemplateVersion

Severity: TypeAlias = Literal["error", "warning"]
FULL_SCORE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LintFinding:
    """One finding. `file` is relative to the version's folder; `line` counts from 1, 0 where the whole file is meant.

    `cost` is what it takes from the portability score.
    """

    code: str
    severity: Severity
    file: str
    message: str
    hint: str
    line: int = 0
    cost: int = 0

    def to_json(self) -> dict[str, object]:
        """The finding as a JSON object with the names of its fields."""
        return asdict(self)

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.severity} {self.code}: {self.message} ({self.hint})"


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport:
    """Every finding, in order of file and line, and the portability score: 100 runs anywhere unchanged, 0 nowhere."""

    findings: tuple[LintFinding, ...]
    score: int


CODES: Final[Mapping[str, str]] = {
    "title": "a text for people is missing",
    "zh": "a text has no Chinese form",
    "publisher": "nobody can tell who made it, or under which licence",
    "health": "a service has no health path",
    "secret": "something in the sources looks like a key",
    "vendor-branch": "application code asks which vendor it runs at",
    "extension": "settings that only one runtime understands",
    "image": "a container image instead of sources",
    "dialect": "a mini-program without sources for an installed store",
    "lock": "Python packages without a lock, or a lock that nothing reads",
    "stray": "a file that has no business in a template",
}
"""Code -> what it is about."""


def lint(version: TemplateVersion, *, vendors: Collection[str], dialects: Collection[str] = ()) -> LintReport:
    """Looks at template and sources.

    Args:
        version: an opened version.
        vendors: names of runtimes and stores that application code must not ask for.
        dialects: the dialects of the stores that a mini-program should have sources for.
    """
    from tenantry.catalogue.lint_sources import source_findings
    from tenantry.catalogue.lint_template import template_findings

    found: list[LintFinding] = [
        *template_findings(version.template, dialects),
        *source_findings(version, vendors),
    ]
    ordered = sorted(dict.fromkeys(found), key=lambda one: (one.file, one.line, one.code))
    return LintReport(findings=tuple(ordered), score=max(0, FULL_SCORE - sum(_costs(ordered))))


def _costs(findings: list[LintFinding]) -> Iterator[int]:
    """Ten branches for vendors are not ten times as bad as one: each kind in one file counts once."""
    seen: set[tuple[str, str, str]] = set()
    for one in findings:
        key = (one.code, one.file, "" if one.code == "vendor-branch" else one.message)
        if key not in seen:
            seen.add(key)
            yield one.cost
