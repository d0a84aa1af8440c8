"""pydantic's errors in the words of the spec: what was expected, what was found, what was probably meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from tenantry.spec import names
from tenantry.spec.fields import names_at
from tenantry.spec.shown import shown
from tenantry.spec.source import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

    from tenantry.spec.source import Path

_EXPECTED: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
}
_QUOTED: Final = re.compile(r"'([^']*)'")


def explain(error: ValidationError, data: object, model: type[BaseModel], prefix: Path = ()) -> list[Finding]:
    """Every mistake of `error`, found while `data` was checked against `model`, with paths below `prefix`."""
    grouped: dict[Path, list[ErrorDetails]] = {}
    for item in error.errors(include_url=False, include_input=True):
        grouped.setdefault(_path(item, data), []).append(item)
    return [_finding(path, items, model, prefix) for path, items in grouped.items()]


def _path(item: ErrorDetails, data: object) -> Path:
    """The place in the data: pydantic's own steps (union members, tags, `[key]`) are left out."""
    path: list[str | int] = []
    node: Any = data
    steps = list(item["loc"])
    for index, step in enumerate(steps):
        last = index == len(steps) - 1
        if (isinstance(node, dict) and step in node) or (isinstance(node, list) and isinstance(step, int)):
            path.append(step)
            node = cast("Any", node)[step]
        elif last and item["type"] == "missing":
            path.append(step)
    return tuple(path)


def _finding(path: Path, items: list[ErrorDetails], model: type[BaseModel], prefix: Path) -> Finding:
    # A union reports every member: the members that fit the value's type say more than those that do not.
    telling = [item for item in items if item["type"] not in _EXPECTED] or items
    item = telling[0]
    on_key = item["type"] == "extra_forbidden" or item["loc"][-1:] == ("[key]",)
    if len(telling) > 1:
        expected = " or ".join(dict.fromkeys(_EXPECTED.get(one["type"]) or _words(one) for one in telling))
        return Finding((*prefix, *path), f"expected {expected}, found {_found(item['input'])}", on_key=on_key)
    message, hint = _message(item, path, model)
    place = path[:-1] if item["type"] == "missing" else path
    return Finding((*prefix, *place), message, hint, on_key)


def _message(item: ErrorDetails, path: Path, model: type[BaseModel]) -> tuple[str, str]:
    kind = item["type"]
    context: dict[str, Any] = item.get("ctx", {})
    value = item["input"]
    if kind == "missing":
        message, hint = f"`{path[-1]}` is missing", ""
    elif kind == "extra_forbidden":
        name, known = str(path[-1]), names_at(model, item["loc"][:-1])
        message, hint = (
            f"there is no field `{shown(name)}` here",
            names.suggest(name, known),
        )
    elif kind == "union_tag_not_found":
        tags = names_at(model, item["loc"], tags=True)
        message, hint = "`type` is missing", f"expected one of: {', '.join(sorted(tags))}"
    elif kind in {"literal_error", "union_tag_invalid"}:
        message, hint = _choice(context, value)
    elif kind in _EXPECTED:
        quote = kind == "string_type" and isinstance(value, int | float)
        message, hint = f"expected {_EXPECTED[kind]}, found {_found(value)}", "write it in quotes" if quote else ""
    elif kind in _LIMITS:
        message, hint = f"expected {_words(item)}", ""
    else:
        message, hint = item["msg"].removeprefix("Value error, "), str(context.get("hint", ""))
    return message, hint


def _choice(context: Mapping[str, object], value: object) -> tuple[str, str]:
    """One of several words was expected; `tag` stands in the context where the word chooses a component type."""
    allowed = _QUOTED.findall(str(context.get("expected") or context.get("expected_tags", "")))
    found = context.get("tag", value)
    meant = names.near_miss(found, allowed) if isinstance(found, str) else None
    word = f"`{shown(found)}`" if isinstance(found, str) else _found(found)
    return f"expected {' or '.join(allowed)}, found {word}", f"did you mean {meant}?" if meant else ""


_LIMITS: Final = {
    "string_pattern_mismatch": "{pattern}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} entries",
    "too_long": "at most {max_length} entries",
    "greater_than_equal": "a number of at least {ge}",
    "less_than_equal": "a number of at most {le}",
    "greater_than": "a number above {gt}",
    "less_than": "a number below {lt}",
    "multiple_of": "a multiple of {multiple_of}",
    "finite_number": "a finite number",
}


def _words(item: ErrorDetails) -> str:
    context: dict[str, Any] = item.get("ctx", {})
    if item["type"] == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        return names.WORDS.get(pattern, f"text that matches {pattern}")
    template = _LIMITS.get(item["type"])
    return template.format(**context) if template else item["msg"]


def _found(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return "text" if value else "empty text"
        case list() | tuple():
            return "a list"
        case _:
            return "a mapping"
