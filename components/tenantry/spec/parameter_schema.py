"""A template's parameters as JSON Schema: what a form, the wizard and an editor check an answer with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from tenantry.spec.base import Localized
    from tenantry.spec.parameters import Constraints, Parameter

Language: TypeAlias = Literal["en", "zh"]
Schema: TypeAlias = "dict[str, Any]"

_WORDS: Final = {"min": "minimum", "max": "maximum"}
_KINDS: Final = ("env", "file", "stack", "broker")


def said(text: Localized | None, language: Language, otherwise: str = "") -> str:
    """A text in a language; in English where it has no other."""
    if text is None:
        return otherwise
    return (text.zh or text.en) if language == "zh" else text.en


def parameter_schema(name: str, parameter: Parameter, language: Language) -> Schema:
    """The schema of one parameter's value; a secret one is a reference, never the value itself."""
    schema: Schema = {"title": said(parameter.title, language, name)}
    if parameter.description is not None:
        schema["description"] = said(parameter.description, language)
    if parameter.secret:
        return schema | _reference()
    schema["type"] = parameter.type
    schema |= _constraints(parameter)
    if parameter.items is not None:
        schema["items"] = {"type": parameter.items.type, **_constraints(parameter.items)}
    for key in ("minItems", "maxItems", "default"):
        value = getattr(parameter, key)
        if value is not None:
            schema[key] = value
    return schema


def _constraints(rule: Constraints) -> Schema:
    found: Schema = {}
    for key in ("enum", "min", "max", "minLength", "maxLength", "pattern"):
        value = getattr(rule, key)
        if value is not None:
            found[_WORDS.get(key, key)] = list(value) if key == "enum" else value
    return found


def _reference() -> Schema:
    kinds = {kind: {"type": "string", "minLength": 1} for kind in _KINDS}
    reference = {"type": "object", "properties": kinds, "minProperties": 1, "maxProperties": 1}
    return {
        "type": "object",
        "properties": {"ref": reference | {"additionalProperties": False}},
        "required": ["ref"],
        "additionalProperties": False,
    }
