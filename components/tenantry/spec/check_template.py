"""What must hold between the parts of a template: references, variables, routes, plans, secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.spec.bindings import BINDABLE, FIELDS, variable
from tenantry.spec.check_parameters import check_parameters
from tenantry.spec.check_plans import check_plans
from tenantry.spec.components import MiniProgram, Schedule, Service
from tenantry.spec.interpolation import Broken, FieldRef, ParameterRef, parse
from tenantry.spec.names import RESERVED_VARIABLES, suggest
from tenantry.spec.source import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.spec.source import Path
    from tenantry.spec.template import AppTemplate

ROUTABLE = ("service", "site")
"""Component types that a route may lead to."""


def check_template(template: AppTemplate, broken: frozenset[str] = frozenset()) -> list[Finding]:
    """Every mistake between the parts. Names in `broken` were taken out for their own mistakes; they count as known."""
    findings = [*check_parameters(template.parameters), *check_plans(template, broken)]
    for name, component in template.components.items():
        path: Path = ("components", name)
        if isinstance(component, Service):
            findings += _service(template, component, path, broken)
        elif isinstance(component, Schedule):
            findings += _refers(template, component.target, ("service",), (*path, "target"), broken)
        elif isinstance(component, MiniProgram):
            for key, text in component.ext.items():
                findings += check_text(template, text, (*path, "ext", key), broken, secret_place=False)
    for prefix, target in (template.routes or {}).items():
        findings += _refers(template, target, ROUTABLE, ("routes", prefix), broken)
    if template.routes is None and not broken:
        findings += _default_route(template)
    for name, meter in template.meters.items():
        findings += _refers(template, meter.of, tuple(FIELDS), ("meters", name, "of"), broken)
    return findings


def _service(template: AppTemplate, service: Service, path: Path, broken: frozenset[str]) -> Iterator[Finding]:
    if service.scale.min > service.scale.max:
        yield Finding((*path, "scale", "min"), f"scale.min {service.scale.min} is above scale.max {service.scale.max}")
    owners: dict[str, str] = {}
    for index, target in enumerate(service.bind):
        at = (*path, "bind", index)
        if target in service.bind[:index]:
            yield Finding(at, f"`{target}` is bound twice", "keep one of them")
            continue
        wrong = list(_refers(template, target, BINDABLE, at, broken))
        yield from wrong
        if wrong or target in broken:
            continue
        for field in FIELDS[template.components[target].type]:
            key = variable(target, field)
            if key in owners:
                yield Finding(
                    at, f"`{target}` and `{owners[key]}` both give the variable {key}", "rename one component"
                )
            owners[key] = target
    for key, text in service.env.items():
        at = (*path, "env", key)
        if key in RESERVED_VARIABLES or key.startswith("TENANTRY_"):
            yield Finding(at, f"{key} is given by the runtime", "take another name", on_key=True)
        elif key in owners:
            yield Finding(at, f"{key} is given by the binding of `{owners[key]}`", "take another name", on_key=True)
        yield from check_text(template, text, at, broken, secret_place=True)


def check_text(
    template: AppTemplate, text: str, path: Path, broken: frozenset[str], *, secret_place: bool
) -> Iterator[Finding]:
    """Every mistake in the references of one text."""
    for part in parse(text):
        if isinstance(part, Broken):
            hint = "allowed are ${param.NAME}, ${COMPONENT.FIELD} and ${url}; write $${ for the characters ${"
            yield Finding(path, f"`{part.text}` cannot be resolved", hint)
        elif isinstance(part, ParameterRef):
            yield from _parameter(template, part.name, path, broken, secret_place=secret_place)
        elif isinstance(part, FieldRef) and part.component not in broken:
            yield from _field(template, part, path, secret_place=secret_place)


def _parameter(
    template: AppTemplate, name: str, path: Path, broken: frozenset[str], *, secret_place: bool
) -> Iterator[Finding]:
    parameter = template.parameters.get(name)
    if parameter is None:
        if f"param.{name}" not in broken:
            yield Finding(path, f"there is no parameter `{name}`", suggest(name, template.parameters))
    elif parameter.secret and not secret_place:
        hint = "only the environment of a service may hold secrets"
        yield Finding(path, f"the secret parameter `{name}` would become public here", hint)


def _field(template: AppTemplate, ref: FieldRef, path: Path, *, secret_place: bool) -> Iterator[Finding]:
    component = template.components.get(ref.component)
    if component is None:
        yield Finding(path, f"there is no component `{ref.component}`", suggest(ref.component, template.components))
        return
    fields = FIELDS[component.type]
    if ref.field not in fields:
        hint = suggest(ref.field, fields) if fields else f"a {component.type} has no fields"
        yield Finding(path, f"`{ref.component}` has no field `{ref.field}`", hint)
    elif fields[ref.field] and not secret_place:
        hint = "only the environment of a service may hold secrets"
        yield Finding(path, f"the secret `{ref.component}.{ref.field}` would become public here", hint)
    elif ref.field == "url" and component.type in ROUTABLE and ref.component not in routes_of(template).values():
        yield Finding(path, f"`{ref.component}` has no route, so it has no URL", "add a route to it")


def _refers(
    template: AppTemplate, target: str, types: tuple[str, ...], path: Path, broken: frozenset[str]
) -> Iterator[Finding]:
    if target in broken:
        return
    component = template.components.get(target)
    fitting = [name for name, one in template.components.items() if one.type in types]
    if component is None:
        yield Finding(path, f"there is no component `{target}`", suggest(target, fitting))
    elif component.type not in types:
        yield Finding(
            path, f"`{target}` is a {component.type}, expected a {' or '.join(types)}", suggest(target, fitting)
        )


def _default_route(template: AppTemplate) -> Iterator[Finding]:
    for kind in ("site", "service"):
        found = [name for name, one in template.components.items() if one.type == kind]
        if len(found) > 1:
            yield Finding(
                (), f"`routes` is missing: {' and '.join(found)} could both take /", f"add routes: {{/: {found[0]}}}"
            )
        if found:
            return


def routes_of(template: AppTemplate) -> dict[str, str]:
    """The template's routes; without any, / goes to the only site, else to the only service."""
    if template.routes is not None:
        return template.routes
    for kind in ("site", "service"):
        found = [name for name, one in template.components.items() if one.type == kind]
        if found:
            return {"/": found[0]} if len(found) == 1 else {}
    return {}
