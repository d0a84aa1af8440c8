"""What is typed as `name=value` on the command line, as values of a tenant file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml

from tenantry.errors import Problem, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tenantry.spec.plan import Json

SECRET_KINDS: Final = ("env", "file", "stack", "broker")
"""Where a secret may come from."""

_REFERENCE: Final = re.compile(rf"(?P<kind>{'|'.join(SECRET_KINDS)}):(?P<name>.+)", re.DOTALL)


def wrong(option: str, text: str, message: str, hint: str = "") -> SpecError:
    """The error for an option of the command line."""
    return SpecError([Problem(file=f"{option} {text}", message=message, hint=hint)])


def pair(option: str, text: str) -> tuple[str, str]:
    """Splits `name=value`. Raises SpecError."""
    name, found, value = text.partition("=")
    if not found or not name.strip():
        raise wrong(option, text, "is not NAME=VALUE", f"for example {option} name=value")
    return name.strip(), value


def reference(text: str) -> dict[str, Json] | None:
    """`env:NAME`, `file:PATH`, `stack:KEY` or `broker:NAME` as a secret reference; None for anything else."""
    found = _REFERENCE.fullmatch(text)
    return {"ref": {found["kind"]: found["name"]}} if found else None


def scalar(text: str) -> Json:
    """A value as YAML reads it: `true`, `3` and `[a, b]` are not strings. `ref:env:NAME` is a secret reference."""
    if text.startswith("ref:"):
        found = reference(text.removeprefix("ref:"))
        if found is not None:
            return found
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return value if isinstance(value, str | bool | int | float | list | dict) else text


def parameter(kind: str, text: str, *, secret: bool) -> Json:
    """The value of a template's parameter of a type. Only strings stay as they are typed."""
    if secret:
        return reference(text.removeprefix("ref:")) or text
    return text if kind == "string" else scalar(text)


def tree(option: str, pairs: Iterable[str]) -> dict[str, Json]:
    """`a.b=1` and `a.c=x` as `{a: {b: 1, c: x}}`. Raises SpecError where one name is both a value and an object."""
    root: dict[str, Json] = {}
    for text in pairs:
        name, value = pair(option, text)
        *path, last = name.split(".")
        place = root
        for step in path:
            below = place.setdefault(step, {})
            if not isinstance(below, dict):
                raise wrong(option, text, f"{step} is already a value")
            place = below
        if last in place:
            raise wrong(option, text, f"{name} is given twice")
        place[last] = scalar(value)
    return root


def domain(text: str) -> dict[str, Json]:
    """`HOST`, `HOST,tls=none` or `HOST,tls=provided,certificate=file:PATH` as a domain. Raises SpecError."""
    host, *rest = text.split(",")
    found: dict[str, Json] = {"host": host.strip()}
    for item in rest:
        name, value = pair("--domain", item)
        found[name] = (reference(value) or value) if name == "certificate" else value
    return found


def prune(document: Mapping[str, Json]) -> dict[str, Json]:
    """The document without empty parts, which a person would not write."""
    return {name: value for name, value in document.items() if value not in (None, {}, [])}
