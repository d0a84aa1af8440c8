"""`tenantry validate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.arguments import instances_argument
from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry_ops.cli.session import Session
    from tenantry_ops.project import Project
    from tenantry_ops.validation import Report

BASELINE = Path(".tenantry") / "baseline.json"
"""Where --changed looks and --write-baseline writes where no file is named, below the project's root."""

_FILE = click.Path(dir_okay=False, path_type=Path)


@examples(
    "tenantry validate",
    "tenantry validate acme globex --json",
    "tenantry validate --changed --baseline deployed.json --write-baseline deployed.json",
)
@click.command(cls=CommandWithGlobals)
@instances_argument
@click.option("--changed", is_flag=True, help="Say which instances differ from the baseline, and show only those.")
@click.option("--baseline", type=_FILE, metavar="FILE", help=f"The fingerprints to compare with; else {BASELINE}.")
@click.option(
    "--write-baseline", type=_FILE, metavar="FILE", help="Write the fingerprints of the valid instances to FILE."
)
@pass_session
def validate(
    session: Session, instances: tuple[str, ...], *, changed: bool, baseline: Path | None, write_baseline: Path | None
) -> None:
    """Check tenant files and the templates that they use, without the engine.

    Every mistake of every file at once, with file, line and column; exit code 3 or 4 where something is wrong, 13 where
    a policy of the project refuses. With --json an object: instances (by id: fingerprint, template, error, advice,
    problems), changed, added, removed, unchanged.
    """
    from tenantry_ops.validation import validate_all

    project = session.project()
    unknown = [name for name in instances if not project.tenant_file(name).is_file()]
    for name in unknown:
        session.instance_project(name)
    known = read_baseline(project, baseline) if changed or baseline else None
    report = validate_all(project, instances or None, baseline=known)
    if write_baseline is not None:
        _write(write_baseline, report.fingerprints)
    session.screen.result(document(report), lambda: _show(session, report, compared=known is not None))
    if report.invalid:
        session.exit_code = min(found.exit_code for found in report.invalid)


def read_baseline(project: Project, file: Path | None) -> dict[str, str]:
    """Instance -> fingerprint. Raises PreflightError where the file is missing or is no baseline."""
    from tenantry.errors import PreflightError

    place = file or project.root / BASELINE
    hint = (
        f"Every `tenantry up` notes its plan there. Or make one: tenantry validate --write-baseline {file or BASELINE}"
    )
    try:
        found = json.loads(place.read_bytes())
    except OSError as error:
        raise PreflightError(f"The baseline {place} cannot be read: {error.strerror}.", hint=hint) from error
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise PreflightError(f"{place} is no baseline: it must be a JSON object of fingerprints.", hint=hint)
    return found


def _write(file: Path, fingerprints: Mapping[str, str]) -> None:
    from tenantry.errors import PreflightError

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f".{file.name}.partial")
        aside.write_text(json.dumps(dict(sorted(fingerprints.items())), indent=0) + "\n", encoding="utf-8")
        aside.replace(file)
    except OSError as error:
        raise PreflightError(f"{file} cannot be written: {error.strerror}.", hint="Choose another file.") from error


def document(report: Report) -> dict[str, object]:
    """The report as a JSON object."""
    return {
        "instances": {
            name: {
                "fingerprint": found.fingerprint,
                "template": found.template,
                "error": found.error or None,
                "advice": [str(problem) for problem in found.advice],
                "problems": [
                    {
                        "file": problem.file,
                        "line": problem.line,
                        "column": problem.column,
                        "path": problem.path,
                        "message": problem.message,
                        "hint": problem.hint,
                    }
                    for problem in found.problems
                ],
            }
            for name, found in report.results.items()
        },
        "changed": list(report.changed),
        "added": list(report.added),
        "removed": list(report.removed),
        "unchanged": list(report.unchanged),
    }


def _show(session: Session, report: Report, *, compared: bool) -> None:
    screen = session.screen
    for found in report.invalid:
        for problem in found.problems:
            screen.line(str(problem), fg="red")
    for found in report.results.values():
        for problem in found.advice:
            screen.line(f"advice: {problem}", fg="yellow")
    if compared:
        for word, names in (("changed", report.changed), ("added", report.added), ("removed", report.removed)):
            for name in names:
                screen.line(f"{word:<8} {name}")
    screen.line(summary(report, compared=compared))


def summary(report: Report, *, compared: bool) -> str:
    """One sentence: how many are right, wrong, and different."""
    total, wrong = len(report.results), len(report.invalid)
    parts = [_count(total - wrong, "instance is", "instances are") + " valid"]
    if wrong:
        parts.append(f"{wrong} {'is' if wrong == 1 else 'are'} not")
    if compared:
        words = (("changed", report.changed), ("added", report.added), ("removed", report.removed))
        counts = [f"{len(names)} {word}" for word, names in words if names]
        parts.append(", ".join(counts) or "nothing changed")
    return "; ".join(parts)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
