"""What must hold between the fields of a template's parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.spec.source import Finding
from tenantry.spec.values import check_value, pattern_problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.spec.parameters import Items, Parameter
    from tenantry.spec.source import Path

_RULES: Final[Mapping[str, frozenset[str]]] = {
    "min": frozenset({"integer", "number"}),
    "max": frozenset({"integer", "number"}),
    "minLength": frozenset({"string"}),
    "maxLength": frozenset({"string"}),
    "pattern": frozenset({"string"}),
    "minItems": frozenset({"array"}),
    "maxItems": frozenset({"array"}),
    "items": frozenset({"array"}),
    "enum": frozenset({"string", "integer", "number"}),
}
_PAIRS: Final = (("min", "max"), ("minLength", "maxLength"), ("minItems", "maxItems"))


def check_parameters(parameters: Mapping[str, Parameter]) -> Iterator[Finding]:
    """Every mistake in the parameters' definitions."""
    for name, parameter in parameters.items():
        path: Path = ("parameters", name)
        sound = list(_rules(parameter, path))
        if parameter.items is not None:
            sound += _rules(parameter.items, (*path, "items"))
        yield from sound
        if parameter.type == "array" and parameter.items is None:
            yield Finding(path, "a list needs `items`", "say what its items are: items: {type: string}")
        if parameter.secret:
            yield from _secret(parameter, path)
        if parameter.default is not None:
            if parameter.required:
                yield Finding((*path, "default"), "a required parameter needs no default", "remove one of the two")
            if not sound:
                yield from check_value(parameter.default, parameter, (*path, "default"))


def _rules(rule: Parameter | Items, path: Path) -> Iterator[Finding]:
    for name, types in _RULES.items():
        if getattr(rule, name, None) is not None and rule.type not in types:
            yield Finding(
                (*path, name), f"`{name}` does not fit the type {rule.type}", f"it is for: {', '.join(sorted(types))}"
            )
    for low, high in _PAIRS:
        smallest, largest = getattr(rule, low, None), getattr(rule, high, None)
        if smallest is not None and largest is not None and smallest > largest:
            yield Finding((*path, low), f"`{low}` is larger than `{high}`")
    if rule.pattern is not None:
        wrong = pattern_problem(rule.pattern)
        if wrong is not None:
            yield Finding((*path, "pattern"), wrong, "look-around and back-references are not supported")
            return
    if rule.enum is not None and rule.type in _RULES["enum"]:
        bare = rule.model_copy(update={"enum": None})
        for index, value in enumerate(rule.enum):
            yield from check_value(value, bare, (*path, "enum", index))


def _secret(parameter: Parameter, path: Path) -> Iterator[Finding]:
    if parameter.type != "string":
        yield Finding((*path, "secret"), "only a parameter of type string can be secret")
    for name in ("default", "enum", "pattern", "minLength", "maxLength"):
        if getattr(parameter, name) is not None:
            yield Finding(
                (*path, name), f"a secret parameter cannot have `{name}`", "its value is only known when it is used"
            )
