"""A new tenant of one template on one runtime, as a form: JSON Schema and the UI schema of JSON Forms.

The schema is the composed one of tenant files, closed further by the template: typed parameters with their titles, the
plans that there are. What a form sends back is a tenant file. UI schema: https://jsonforms.io/docs/uischema
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.spec.parameter_schema import Language, Schema, parameter_schema, said
from tenantry.spec.schema import compose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

    from tenantry.spec.template import AppTemplate

FORM_FIELDS: Final = ("tenant", "instance", "plan", "parameters", "domains", "labels", "ownership", "lifecycle")
"""What people fill in beside the account, in this order."""

_LABELS: Final[Mapping[str, Mapping[Language, str]]] = {
    "who": {"en": "Owner and instance", "zh": "所有者与实例"},
    "tenant": {"en": "Owner", "zh": "所有者"},
    "instance": {"en": "Instance", "zh": "实例"},
    "runtime": {"en": "Where it runs", "zh": "运行位置"},
    "region": {"en": "Region", "zh": "地域"},
    "account": {"en": "Account", "zh": "账号"},
    "plan": {"en": "Plan", "zh": "套餐"},
    "parameters": {"en": "Settings of the application", "zh": "应用设置"},
    "domains": {"en": "Host names", "zh": "域名"},
    "labels": {"en": "Labels", "zh": "标签"},
    "ownership": {"en": "Whose account it is", "zh": "账号归属"},
    "lifecycle": {"en": "What happens to data in the end", "zh": "结束时数据的去向"},
    "more": {"en": "More", "zh": "更多"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`schema` (draft 2020-12) says what is valid, `uischema` how it is laid out; both in one language."""

    schema: Schema
    uischema: Schema

    @property
    def data(self) -> Schema:
        """What a form begins with: the constants and the defaults."""
        return _defaults(self.schema)


def label(name: str, language: Language) -> str:
    """How people call a field of a tenant file."""
    return _LABELS[name][language]


def tenant_form(
    template: AppTemplate,
    *,
    selector: str,
    runtime: str,
    account: type[BaseModel],
    extensions: type[BaseModel],
    language: Language,
) -> Form:
    """The form of a new tenant.

    Args:
        template: what the tenant gets.
        selector: how the tenant file names it: `shop@1.2.0`, `shop@stable`.
        runtime: where it runs; `account` and `extensions` are its models.
        account: model of `runtime.account`.
        extensions: model of `extensions`.
        language: of titles, descriptions and labels.
    """
    composed = compose({runtime: (account, extensions)})["tenant"]
    properties = composed["properties"]
    definitions = copy.deepcopy(composed["$defs"])
    account_schema = {"$ref": f"#/$defs/{runtime}.{account.__name__}"}
    where: Schema = {
        "type": "object",
        "title": label("runtime", language),
        "properties": {
            "on": {"const": runtime, "default": runtime},
            "region": {**definitions["RuntimeSpec"]["properties"]["region"], "title": label("region", language)},
            "account": account_schema,
        },
        "required": ["on"],
        "additionalProperties": False,
    }
    fields: Schema = {
        "spec": {"const": "tenantry/v1", "default": "tenantry/v1"},
        "kind": {"const": "Tenant", "default": "Tenant"},
        "template": {"const": selector, "default": selector},
        "runtime": where,
    }
    for name in FORM_FIELDS:
        fields[name] = {**properties[name], "title": label(name, language)}
    fields["parameters"] = _parameters(template, language)
    if template.plans:
        fields["plan"] = _plans(template, language)
    else:
        del fields["plan"]
    needed = [*(["parameters"] if fields["parameters"]["required"] else []), *(["plan"] if template.plans else [])]
    schema: Schema = {
        "$schema": composed["$schema"],
        "title": said(template.title, language),
        "type": "object",
        "properties": fields,
        "required": ["spec", "kind", "tenant", "instance", "template", "runtime", *needed],
        "additionalProperties": False,
        "$defs": {name: definitions[name] for name in _used(fields, definitions)},
    }
    return Form(schema=schema, uischema=_layout(template, fields, language))


def _defaults(schema: Schema) -> Schema:
    found: Schema = {}
    for name, each in schema["properties"].items():
        if "default" in each:
            found[name] = each["default"]
        elif "properties" in each:
            inner = _defaults(each)
            if inner:
                found[name] = inner
    return found


def _parameters(template: AppTemplate, language: Language) -> Schema:
    known = template.parameters
    return {
        "type": "object",
        "title": label("parameters", language),
        "properties": {name: parameter_schema(name, known[name], language) for name in known},
        "required": [name for name in known if known[name].required],
        "additionalProperties": False,
    }


def _plans(template: AppTemplate, language: Language) -> Schema:
    offered = [{"const": name, "title": said(plan.title, language, name)} for name, plan in template.plans.items()]
    return {"type": "string", "title": label("plan", language), "oneOf": offered}


def _used(node: object, definitions: Schema) -> list[str]:
    """The definitions that a schema reaches, in their own order."""
    found: set[str] = set()
    waiting: list[object] = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            reference = each.get("$ref")
            if isinstance(reference, str):
                name = reference.removeprefix("#/$defs/")
                if name not in found:
                    found.add(name)
                    waiting.append(definitions[name])
            waiting += each.values()
    return [name for name in definitions if name in found]


def _layout(template: AppTemplate, fields: Schema, language: Language) -> Schema:
    def group(name: str, elements: list[Schema]) -> Schema:
        return {"type": "Group", "label": label(name, language), "elements": elements}

    def control(*path: str, **more: object) -> Schema:
        return {"type": "Control", "scope": "#/" + "/".join(f"properties/{step}" for step in path), **more}

    parameters = [
        control("parameters", name, label=said(parameter.title, language, name), **_options(name, fields))
        for name, parameter in template.parameters.items()
    ]
    groups = [
        group("who", [control("tenant"), control("instance"), *([control("plan")] if template.plans else [])]),
        *([group("parameters", parameters)] if parameters else []),
        group("runtime", [control("runtime", "region"), control("runtime", "account")]),
        group("more", [control(name) for name in ("domains", "labels", "ownership", "lifecycle")]),
    ]
    return {"type": "VerticalLayout", "elements": groups}


def _options(name: str, fields: Schema) -> dict[str, object]:
    """Long texts get a large field, few choices stand side by side."""
    schema = fields["parameters"]["properties"][name]
    options = dict(_wanted(schema))
    return {"options": options} if options else {}


_FEW: Final = 3
_LONG: Final = 200


def _wanted(schema: Schema) -> Iterator[tuple[str, object]]:
    if len(schema.get("enum", ())) in range(1, _FEW + 1):
        yield "format", "radio"
    if schema.get("type") == "string" and schema.get("maxLength", 0) > _LONG:
        yield "multi", True
