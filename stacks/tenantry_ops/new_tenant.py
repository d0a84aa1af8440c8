"""Adds an instance to a project: its tenant file, its passphrase file and its stack."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tenantry.errors import PreflightError, Problem, SpecError
from tenantry.spec.names import suggest
from tenantry_ops.tenant_options import domain, pair, parameter, prune, tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.spec import AppTemplate
    from tenantry.spec.plan import Json
    from tenantry_ops.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for, as typed. `parameters`, `account` and `domains` in the forms of `tenant_options`."""

    instance: str
    template: str
    runtime: str
    tenant: str | None = None
    region: str | None = None
    plan: str | None = None
    parameters: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()


def parameters(template: AppTemplate, typed: tuple[str, ...]) -> dict[str, Json]:
    """The parameters of a tenant from what was typed.

    Args:
        template: declares them.
        typed: `name=value` each.

    Raises:
        SpecError: names the template does not have, and required ones that are missing, all at once.
    """
    known = template.parameters
    pairs = [pair("--param", text) for text in typed]
    given = dict(pairs)
    names = [name for name, _ in pairs]
    problems = [
        Problem(file=f"--param {name}", message="is given more than once") for name in given if names.count(name) > 1
    ]
    problems += [
        Problem(
            file=f"--param {name}",
            message=f"the template {template.name} {template.version} has no such parameter",
            hint=suggest(name, known),
        )
        for name in given
        if name not in known
    ]
    for name, declared in known.items():
        if not declared.required or name in given:
            continue
        example = "env:NAME" if declared.secret else "..."
        problems.append(
            Problem(file=f"--param {name}", message="is required by the template", hint=f"--param {name}={example}")
        )
    if problems:
        raise SpecError(problems)
    return {name: parameter(known[name].type, text, secret=known[name].secret) for name, text in given.items()}


def plan(template: AppTemplate, typed: str | None) -> str | None:
    """The plan of a tenant: what was typed, or the only one. Raises SpecError."""
    if typed is not None or not template.plans:
        return typed
    if len(template.plans) == 1:
        return next(iter(template.plans))
    listed = ", ".join(template.plans)
    message = f"is needed: the template {template.name} {template.version} is offered in plans"
    raise SpecError([Problem(file="--plan", message=message, hint=f"one of {listed}")])


def render(document: Mapping[str, Json], template: AppTemplate) -> str:
    """The tenant file: what is set, then the template's other parameters as comments with their defaults."""
    chosen = document.get("parameters")
    chosen = chosen if isinstance(chosen, dict) else {}
    head = _dump({name: value for name, value in document.items() if name not in ("parameters", "domains", "plan")})
    # The loader takes a bare `on` for the text that it is, as a person would write it.
    text = head.replace("\n  'on':", "\n  on:")
    lines = ["parameters:" if chosen else "# parameters:", *_indent(_dump(chosen))] if template.parameters else []
    for name, declared in template.parameters.items():
        if name not in chosen:
            default = "" if declared.default is None else _dump({name: declared.default}).strip()
            choices = " | ".join(str(choice) for choice in declared.enum or ())
            note = f"  # {choices}" if choices else ""
            lines.append(f"  # {default or f'{name}:'}{note}")
    rest = _dump({name: document[name] for name in ("domains", "plan") if name in document})
    return text + "".join(f"{line}\n" for line in lines) + rest


def _dump(document: Mapping[str, Json]) -> str:
    return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=120) if document else ""


def _indent(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]


def write_tenant(project: Project, request: Request) -> Path:
    """Writes the tenant file; where it would not be valid nothing is left behind.

    Raises:
        SpecError: an option is wrong, or the tenant that it makes.
        CatalogueError: the template version is not there.
        AdapterError: the runtime is not installed.
        CapabilityError: the runtime cannot do what the template needs.
        PreflightError: the file exists, or cannot be written.
    """
    from tenantry import registry
    from tenantry_ops.loading import load

    file = project.tenant_file(request.instance)
    if file.exists():
        raise PreflightError(
            f"{file} exists already; nothing was written.",
            hint=f"Edit that file and run `tenantry up {request.instance}`, or choose another id. "
            f"`tenantry new stack {request.instance}` makes its key and its stack on this machine.",
        )
    registry.runtime(request.runtime)
    template = project.catalogue.open(request.template).template
    chosen = parameters(template, request.parameters)
    request = replace(request, plan=plan(template, request.plan))
    text = render(_document(request, chosen), template)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise PreflightError(f"{file} cannot be written: {error.strerror}.", hint="Make it writable.") from error
    try:
        load(project, request.instance)
    except BaseException as error:
        file.unlink()
        if isinstance(error, SpecError):
            problems = [
                replace(problem, file="the new tenant", line=0, column=0) if _names(problem, file) else problem
                for problem in error.problems
            ]
            raise SpecError(problems, hint="Nothing was written. Correct the options and run it again.") from error
        raise
    return file


def _names(problem: Problem, file: Path) -> bool:
    return Path(problem.file).name == file.name


def _document(request: Request, chosen: dict[str, Json]) -> dict[str, Json]:
    runtime = {"on": request.runtime, "region": request.region, "account": tree("--account", request.account)}
    document: dict[str, Json] = {
        "spec": "tenantry/v1",
        "kind": "Tenant",
        "tenant": request.tenant or request.instance,
        "instance": request.instance,
        "template": request.template,
        "runtime": prune(runtime),
        "parameters": chosen,
        "domains": [domain(text) for text in request.domains],
        "plan": request.plan,
    }
    return prune(document)
