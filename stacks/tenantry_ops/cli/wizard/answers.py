"""One answer: from what is typed to a value, checked by its part of the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from tenantry_ops.cli.wizard.words import keys, word
from tenantry_ops.tenant_options import reference, scalar

if TYPE_CHECKING:
    from tenantry.spec.parameter_schema import Language, Schema
    from tenantry.spec.plan import Json


def value_of(text: str, schema: Schema) -> Json:
    """What was typed as the value that the schema asks for; a wrong one stays text, and the schema refuses it."""
    kind = schema.get("type")
    if kind == "object":
        return reference(text.removeprefix("ref:")) or text
    if kind == "array":
        listed = text if text.startswith("[") else f"[{text}]"
        return scalar(listed)
    return text if kind in {"string", None} else scalar(text)


def problem_of(value: Json, schema: Schema, language: Language) -> str | None:
    """What is wrong with a value, in a few words; None where it fits."""
    errors = sorted(Draft202012Validator(schema).iter_errors(value), key=lambda error: len(error.absolute_path))
    if not errors:
        return None
    error = errors[0]
    if schema.get("type") == "object":
        return word("secret", language)
    key = str(error.validator)
    if key == "oneOf":
        return word("enum", language, allowed=_listed([each["const"] for each in error.validator_value]))
    if key in {"enum", "const"}:
        allowed = error.validator_value if key == "enum" else [error.validator_value]
        return word("enum", language, allowed=_listed(allowed))
    if key in keys():
        return word(key, language, allowed=error.validator_value)
    return word("other", language, allowed=error.message)


def _listed(allowed: list[Any]) -> str:
    return ", ".join(str(each) for each in allowed)
