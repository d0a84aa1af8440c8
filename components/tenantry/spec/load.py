"""Files of the spec to models: every mistake at once, with its place. Nothing but SpecError is raised for bad input."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from tenantry.errors import Problem, SpecError
from tenantry.spec.literals import key_findings
from tenantry.spec.salvage import check_model
from tenantry.spec.yamlfile import Document, read_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.spec.base import SpecFile
    from tenantry.spec.project import ProjectSettings
    from tenantry.spec.source import Finding, Source
    from tenantry.spec.template import AppTemplate
    from tenantry.spec.tenant import Tenant

TEMPLATE_FILE: Final = "template.yaml"

F = TypeVar("F", bound="SpecFile")


def load_template(path: Path | str, *, name: str | None = None) -> AppTemplate:
    """The template of a file, or of a folder that holds `template.yaml`; its sources must stand beside it.

    Raises SpecError.
    """
    from tenantry.spec.check_sources import check_sources
    from tenantry.spec.check_template import check_template
    from tenantry.spec.template import AppTemplate

    path = Path(path)
    if path.is_dir():
        path /= TEMPLATE_FILE
        name = f"{name}/{TEMPLATE_FILE}" if name else None

    def checks(template: AppTemplate, broken: frozenset[str]) -> list[Finding]:
        return [*check_template(template, broken), *check_sources(template, path.parent)]

    template = _load(AppTemplate, read_document(path, name=name), checks)
    template._checked = True  # noqa: SLF001 - the loader is the one place that sets it
    return template


def load_tenant(path: Path | str, *, name: str | None = None) -> Tenant:
    """The tenant file at `path`; its stem must equal `instance`. Raises SpecError."""
    from tenantry.spec.check_tenant import check_tenant
    from tenantry.spec.tenant import Tenant

    path = Path(path)
    return _load(Tenant, read_document(path, name=name), lambda tenant, broken: check_tenant(tenant, path.stem, broken))


def load_project(path: Path | str, *, name: str | None = None) -> ProjectSettings:
    """The project's settings. Raises SpecError."""
    from tenantry.spec.check_project import check_project
    from tenantry.spec.project import ProjectSettings

    return _load(ProjectSettings, read_document(Path(path), name=name), lambda project, _: check_project(project))


def load_file(model: type[F], path: Path, *, name: str | None = None) -> F:
    """A file of a kind that has no checks but its model's. Raises SpecError."""
    return _load(model, read_document(path, name=name), lambda _loaded, _broken: [])


def _load(model: type[F], document: Document, checks: Callable[[F, frozenset[str]], list[Finding]]) -> F:
    source = document.source
    if not isinstance(document.data, dict):
        at = source.at(())
        not_mapping = Problem(
            file=source.file,
            line=at[0],
            column=at[1],
            message="expected a mapping",
            hint="begin with: spec: tenantry/v1",
        )
        raise SpecError([*document.problems, not_mapping])
    loaded, salvaged, findings, broken = check_model(model, document.data)
    findings += key_findings(document.data)
    if salvaged is not None:
        wrong = {finding.path for finding in findings}
        findings += [finding for finding in checks(salvaged, broken) if finding.path not in wrong]
    unread = {problem.path for problem in document.problems}
    found = [problem for problem in source.problems(findings) if problem.path not in unread]
    problems = [*document.problems, *found]
    if problems:
        raise SpecError(_ordered(problems))
    if loaded is None:
        raise SpecError([Problem(file=source.file, message="the file cannot be used")])
    return _with_source(loaded, source)


def _with_source(loaded: F, source: Source) -> F:
    loaded._source = source  # noqa: SLF001 - the loader is the one place that sets it
    return loaded


def _ordered(problems: list[Problem]) -> list[Problem]:
    """In file order, without repetitions."""
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.line, problem.column))
