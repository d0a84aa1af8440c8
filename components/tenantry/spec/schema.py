"""JSON Schema (draft 2020-12) of the files, composed from the core's models and those of the installed packages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tenantry.spec.project import ProjectSettings
from tenantry.spec.template import AppTemplate
from tenantry.spec.tenant import Tenant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

Schema: TypeAlias = "dict[str, Any]"

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
KINDS: Final[Mapping[str, type[BaseModel]]] = {"template": AppTemplate, "tenant": Tenant, "project": ProjectSettings}
"""Kind of file -> its model."""


def compose(
    runtimes: Mapping[str, tuple[type[BaseModel], type[BaseModel]]],
    stores: Mapping[str, type[BaseModel]] | None = None,
) -> dict[str, Schema]:
    """The schemas of `template`, `tenant` and `project` files.

    Args:
        runtimes: installed runtime -> its models of `runtime.account` and of `extensions`. They close these places;
            without any runtime they stay open.
        stores: installed store -> its model of `stores.<name>`; None leaves `stores` open.
    """
    schemas = {kind: _of(model) for kind, model in KINDS.items()}
    if runtimes:
        _close_runtime(schemas["tenant"], {name: models[0] for name, models in runtimes.items()})
        _close_mapping(schemas["template"], "extensions", {name: models[1] for name, models in runtimes.items()})
    if stores is not None:
        _close_mapping(schemas["tenant"], "stores", stores)
    return {kind: {"$schema": DIALECT, **schema} for kind, schema in schemas.items()}


def render(schema: Schema) -> str:
    """The schema as it is checked in: sorted, so that a difference is a change."""
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _close_runtime(schema: Schema, models: Mapping[str, type[BaseModel]]) -> None:
    """`runtime.account` is what the runtime named in `on` says."""
    runtime = schema["$defs"]["RuntimeSpec"]
    runtime["properties"]["on"] = {"description": runtime["properties"]["on"]["description"], "enum": sorted(models)}
    runtime["allOf"] = [
        {
            "if": {"properties": {"on": {"const": name}}, "required": ["on"]},
            "then": _account(schema, name, models[name]),
        }
        for name in sorted(models)
    ]


def _account(schema: Schema, name: str, model: type[BaseModel]) -> Schema:
    reference = _include(schema, name, model)
    needed = any(field.is_required() for field in model.model_fields.values())
    return {"properties": {"account": reference}} | ({"required": ["account"]} if needed else {})


def _close_mapping(schema: Schema, place: str, models: Mapping[str, type[BaseModel]]) -> None:
    """A mapping whose keys are the installed packages' names."""
    schema["properties"][place] = {
        "type": "object",
        "description": schema["properties"][place]["description"],
        "properties": {name: _include(schema, name, models[name]) for name in sorted(models)},
        "additionalProperties": False,
    }


def _include(schema: Schema, name: str, model: type[BaseModel]) -> Schema:
    """Adds a package's model under names of its own, and returns the reference to it."""
    own = _of(model)
    definitions: Schema = {**own.pop("$defs", {}), model.__name__: own}
    renamed = json.loads(json.dumps(definitions).replace('"#/$defs/', f'"#/$defs/{name}.'))
    schema.setdefault("$defs", {}).update({f"{name}.{key}": value for key, value in renamed.items()})
    return {"$ref": f"#/$defs/{name}.{model.__name__}"}


def _of(model: type[BaseModel]) -> Schema:
    schema: Schema = _tidy(model.model_json_schema())
    return schema


def _tidy(node: Any, *, named: bool = True) -> Any:  # noqa: ANN401 - any JSON
    """Pydantic's schema in the form that editors like, and as closed as the loader is: no nulls, no unknown keys."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = dict(node)
    members = node.get("anyOf")
    if isinstance(members, list) and {"type": "null"} in members:
        rest = [member for member in members if member != {"type": "null"}]
        node.pop("anyOf")
        node = {**rest[0], **node} if len(rest) == 1 else {"anyOf": rest, **node}
    if node.get("default", ...) is None:
        del node["default"]
    node.pop("discriminator", None)
    if not named:
        node.pop("title", None)
    if "patternProperties" in node:
        node.setdefault("additionalProperties", False)
    tidied = {}
    for key, value in node.items():
        if key in {"properties", "$defs", "patternProperties"} and isinstance(value, dict):
            tidied[key] = {name: _tidy(inner, named=key == "$defs") for name, inner in value.items()}
        elif key in {"default", "const", "enum", "examples"}:
            tidied[key] = value
        else:
            tidied[key] = _tidy(value)
    return tidied
