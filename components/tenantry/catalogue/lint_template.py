"""Lint of the template file itself: texts, health, who made it, what is not portable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.catalogue.lint import LintFinding
from tenantry.spec.components import MiniProgram, Service
from tenantry.spec.source import dotted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tenantry.catalogue.lint import Severity
    from tenantry.spec.base import Localized
    from tenantry.spec.source import Path
    from tenantry.spec.template import AppTemplate

_FILE: Final = "template.yaml"
_EXTENSION_COST: Final = 15
_IMAGE_COST: Final = 15
_DIALECT_COST: Final = 5


def template_findings(template: AppTemplate, dialects: Collection[str]) -> Iterator[LintFinding]:
    """Every finding in `template.yaml`."""
    yield from _texts(template)
    yield from _publisher(template)
    yield from _components(template, dialects)
    for runtime in template.extensions:
        yield _finding(
            template,
            ("extensions", runtime),
            "extension",
            f"extensions.{runtime} means nothing on another runtime",
            "say it with the template's own words where they have any",
            cost=_EXTENSION_COST,
        )


def _texts(template: AppTemplate) -> Iterator[LintFinding]:
    yield from _localized(template, ("title",), template.title)
    yield from _localized(template, ("description",), template.description)
    if template.description is None:
        yield _finding(template, (), "title", "there is no description", "say in en and zh what the application does")
    for name, parameter in template.parameters.items():
        place = ("parameters", name)
        if parameter.title is None:
            hint = "add title: {en: …, zh: …}; forms show it"
            yield _finding(template, place, "title", f"the parameter {name} has no title", hint)
        yield from _localized(template, (*place, "title"), parameter.title)
        yield from _localized(template, (*place, "description"), parameter.description)
    for kind, named in (("plans", template.plans), ("meters", template.meters)):
        for name, one in named.items():
            if one.title is None:
                hint = "add title: {en: …, zh: …}"
                yield _finding(template, (kind, name), "title", f"{kind}.{name} has no title", hint)
            yield from _localized(template, (kind, name, "title"), one.title)


def _localized(template: AppTemplate, place: Path, text: Localized | None) -> Iterator[LintFinding]:
    if text is not None and text.zh is None:
        yield _finding(template, place, "zh", f"{dotted(place)} has no Chinese text", "add zh: beside en:")


def _publisher(template: AppTemplate) -> Iterator[LintFinding]:
    for name in ("license", "publisher"):
        if getattr(template, name) is None:
            yield _finding(template, (), "publisher", f"there is no {name}", f"add {name}")


def _components(template: AppTemplate, dialects: Collection[str]) -> Iterator[LintFinding]:
    for name, component in template.components.items():
        place = ("components", name)
        if isinstance(component, Service):
            if component.health is None:
                hint = "add health: /healthz, a path that answers 200 when the service is ready"
                yield _finding(template, place, "health", f"the service {name} has no health path", hint)
            if component.image is not None:
                message = f"the service {name} is an image: not every runtime can run one"
                hint = "give source, runtime and command instead where you can"
                yield _finding(template, (*place, "image"), "image", message, hint, cost=_IMAGE_COST)
        elif isinstance(component, MiniProgram):
            for dialect in sorted(set(dialects) - component.sources.keys()):
                message = f"the mini-program {name} has no sources for {dialect}"
                hint = f"add sources.{dialect}"
                yield _finding(template, (*place, "sources"), "dialect", message, hint, cost=_DIALECT_COST)


def _finding(
    template: AppTemplate,
    place: Path,
    code: str,
    message: str,
    hint: str,
    *,
    cost: int = 0,
    severity: Severity = "warning",
) -> LintFinding:
    line = template.source.at(place)[0] if place else 0
    return LintFinding(code=code, severity=severity, file=_FILE, line=line, message=message, hint=hint, cost=cost)
