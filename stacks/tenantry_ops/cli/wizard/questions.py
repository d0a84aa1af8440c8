"""Asks a person for what the options of `tenantry new tenant` leave open; the answers become such options."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from tenantry import registry
from tenantry.spec.form import label, tenant_form
from tenantry.spec.parameter_schema import said
from tenantry_ops.cli.wizard.answers import problem_of, value_of
from tenantry_ops.cli.wizard.words import word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenantry.spec.parameter_schema import Language, Schema
    from tenantry.spec.template import AppTemplate
    from tenantry_ops.new_tenant import Request
    from tenantry_ops.project import Project


class Questions:
    """Asks until every answer fits.

    Args:
        ask: shows a label and a default, returns what was typed or the default.
        tell: shows a line.
        language: of everything that is said.
    """

    def __init__(self, ask: Callable[[str, str | None], str], tell: Callable[[str], None], language: Language) -> None:
        self._ask = ask
        self._tell = tell
        self._language: Language = language

    def complete(self, project: Project, request: Request) -> Request:
        """The request with everything that a tenant file needs. Raises CatalogueError, AdapterError."""
        self._tell(word("intro", self._language))
        if not request.instance:
            request = replace(request, instance=self._text("id", _ID))
        if not request.template:
            request = replace(request, template=self._template(project))
        template = project.catalogue.open(request.template).template
        if not request.runtime:
            request = replace(request, runtime=self._choice("runtime", registry.runtimes()))
        models = registry.runtime(request.runtime).models()
        form = tenant_form(
            template,
            selector=request.template,
            runtime=request.runtime,
            account=models.account,
            extensions=models.extensions,
            language=self._language,
        )
        properties = form.schema["properties"]
        if request.tenant is None:
            request = replace(request, tenant=self._text("tenant", _ID, request.instance))
        if template.plans and request.plan is None:
            request = replace(request, plan=self._plan(template, properties["plan"]))
        parameters = self._parameters(template, properties["parameters"]["properties"], request.parameters)
        request = replace(request, parameters=(*request.parameters, *parameters))
        if project.mode == "live":
            account = self._account(models.account.model_json_schema(), request.account)
            request = replace(request, account=(*request.account, *account))
            if request.region is None:
                request = replace(request, region=self._ask(word("region", self._language), "") or None)
        if not request.domains:
            host = self._ask(word("domain", self._language), "").strip()
            request = replace(request, domains=(host,) if host else ())
        return request

    def _template(self, project: Project) -> str:
        catalogue = project.catalogue
        offered = [f"{name}@{channel}" for name, channels in catalogue.channels.items() for channel in channels]
        offered += [f"{name}@{version}" for name in catalogue.names() for version in catalogue.versions(name)]
        return self._choice("template", offered)

    def _choice(self, key: str, offered: Sequence[str]) -> str:
        schema: Schema = {"enum": list(offered)}
        shown = f"{word(key, self._language)} ({', '.join(offered)})"
        return str(self._answer(shown, schema, offered[0] if offered else None))

    def _text(self, key: str, schema: Schema, default: str | None = None) -> str:
        return str(self._answer(word(key, self._language), schema, default))

    def _plan(self, template: AppTemplate, schema: Schema) -> str:
        titles = ", ".join(
            f"{name} ({said(plan.title, self._language)})" if plan.title else name
            for name, plan in template.plans.items()
        )
        return str(self._answer(f"{label('plan', self._language)}: {titles}", schema, next(iter(template.plans))))

    def _parameters(self, template: AppTemplate, schemas: Schema, typed: tuple[str, ...]) -> list[str]:
        given = {text.partition("=")[0] for text in typed}
        found: list[str] = []
        for name, parameter in template.parameters.items():
            if name in given:
                continue
            schema = schemas[name]
            if "description" in schema:
                self._tell(f"  {schema['description']}")
            default = "" if parameter.default is None and not parameter.required else _typed(parameter.default)
            answer = self._ask_until(self._shown(name, schema), schema, default, optional=not parameter.required)
            if answer not in ("", _typed(parameter.default)):
                found.append(f"{name}={answer}")
        return found

    def _account(self, model: dict[str, Any], typed: tuple[str, ...]) -> list[str]:
        """Only what the account's model cannot do without: the rest is for a person who edits the file."""
        given = {text.partition("=")[0].partition(".")[0] for text in typed}
        return [
            f"{name}={self._ask_until(word('account', self._language, name=name), {}, None, optional=False)}"
            for name in model.get("required", ())
            if name not in given
        ]

    def _shown(self, name: str, schema: Schema) -> str:
        notes = [name]
        if schema.get("enum"):
            notes.append(" | ".join(str(each) for each in schema["enum"]))
        if schema.get("type") == "object":
            notes.append(word("secret", self._language))
        if schema.get("type") == "array":
            notes.append(word("list", self._language))
        return f"{schema['title']} ({'; '.join(notes)})"

    def _answer(self, shown: str, schema: Schema, default: str | None) -> object:
        return value_of(self._ask_until(shown, schema, default, optional=False), schema)

    def _ask_until(self, shown: str, schema: Schema, default: str | None, *, optional: bool) -> str:
        while True:
            text = self._ask(shown, default).strip()
            if not text and optional:
                return ""
            wrong = problem_of(value_of(text, schema), schema, self._language) if text else None
            if text and wrong is None:
                return text
            self._tell(f"  {wrong or word('required', self._language)}")


_ID: Schema = {"type": "string", "pattern": r"^[a-z](-?[a-z0-9])*$", "minLength": 3, "maxLength": 40}


def _typed(default: object) -> str | None:
    """A default as a person would type it."""
    if default is None:
        return None
    if isinstance(default, str):
        return default
    return yaml.safe_dump(default, default_flow_style=True, allow_unicode=True).splitlines()[0]


def command_of(request: Request) -> str:
    """The command that gives the same instance without questions."""
    words = ["tenantry", "new", "tenant", request.instance]
    for option, value in (
        ("--template", request.template),
        ("--runtime", request.runtime),
        ("--tenant", request.tenant if request.tenant != request.instance else None),
        ("--region", request.region),
        ("--plan", request.plan),
    ):
        if value:
            words += [option, value]
    several = (("--param", request.parameters), ("--account", request.account), ("--domain", request.domains))
    words += [word for option, values in several for value in values for word in (option, value)]
    return shlex.join(words)
