"""Values of parameters: does a value fit, and how is it written as text."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from tenantry.spec.source import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.spec.parameters import Items, Parameter
    from tenantry.spec.source import Path

_NUMERIC = ("integer", "number")


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> TypeAdapter[str]:
    # pydantic's regular expressions never backtrack: time grows with the text's length only, whatever the pattern.
    return TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])


def pattern_problem(pattern: str) -> str | None:
    """Why the pattern cannot be used, or None."""
    try:
        _pattern(pattern)
    except SchemaError as error:
        reason = str(error).strip().splitlines()[-1].strip()
        return f"the pattern cannot be used: {reason.removeprefix('error: ')[:200]}"
    return None


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text."""
    try:
        _pattern(pattern).validate_python(text)
    except ValidationError:
        return False
    return True


def _has_type(value: object, kind: str) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return isinstance(value, list)


_WORDS = {
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
}


def check_value(value: object, rule: Parameter | Items, path: Path) -> Iterator[Finding]:
    """Every reason why the value does not fit. Values are not shown: they may be private."""
    if not _has_type(value, rule.type):
        hint = "write it in quotes" if rule.type == "string" and isinstance(value, int | float) else ""
        yield Finding(path, f"expected {_WORDS[rule.type]}", hint)
        return
    if rule.enum is not None and not any(_same(value, one) for one in rule.enum):
        yield Finding(path, f"expected one of: {', '.join(as_text(one) for one in rule.enum[:20])}")
    if isinstance(value, str):
        yield from _check_text(value, rule, path)
    elif isinstance(value, list):
        yield from _check_list(value, rule, path)
    elif isinstance(value, int | float):
        if rule.min is not None and value < rule.min:
            yield Finding(path, f"expected at least {as_text(rule.min)}")
        if rule.max is not None and value > rule.max:
            yield Finding(path, f"expected at most {as_text(rule.max)}")


def _same(value: object, other: object) -> bool:
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def _check_text(value: str, rule: Parameter | Items, path: Path) -> Iterator[Finding]:
    if rule.minLength is not None and len(value) < rule.minLength:
        yield Finding(path, f"expected at least {rule.minLength} characters")
    if rule.maxLength is not None and len(value) > rule.maxLength:
        yield Finding(path, f"expected at most {rule.maxLength} characters")
    if rule.pattern is not None and not matches(rule.pattern, value):
        yield Finding(path, f"expected text that matches {rule.pattern}")


def _check_list(value: list[object], rule: Parameter | Items, path: Path) -> Iterator[Finding]:
    low, high = getattr(rule, "minItems", None), getattr(rule, "maxItems", None)
    if low is not None and len(value) < low:
        yield Finding(path, f"expected at least {low} items")
    if high is not None and len(value) > high:
        yield Finding(path, f"expected at most {high} items")
    items: Items | None = getattr(rule, "items", None)
    if items is not None:
        for index, item in enumerate(value):
            yield from check_value(item, items, (*path, index))


def as_text(value: object) -> str:
    """A parameter's value inside a text: numbers and booleans as in JSON, lists as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
