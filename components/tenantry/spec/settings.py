"""The settings of components that plans limit and tenants override: one closed list, with an order for each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from tenantry.spec.base import SIZES, cpu_millis, memory_bytes
from tenantry.spec.names import CPU_MILLIS, MEMORY, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.spec.components import AnyComponent
    from tenantry.spec.source import Path

SettingValue: TypeAlias = int | float | str
Kind: TypeAlias = Literal["count", "cpu", "memory", "size"]

SETTINGS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "service": {
        "scale.min": "count",
        "scale.max": "count",
        "scale.concurrency": "count",
        "resources.cpu": "cpu",
        "resources.memory": "memory",
    },
    "database": {"size": "size"},
}
"""Component type -> dotted setting -> how its values are ordered."""

_EXPECTED: Final[Mapping[Kind, str]] = {
    "count": "a whole number from 0 to 10000",
    "cpu": "an amount of CPU such as 0.25 or 250m",
    "memory": "an amount of memory such as 512Mi or 1Gi",
    "size": "small, medium or large",
}
_LARGEST_COUNT: Final = 10_000
_LARGEST_CPU: Final = 1000


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of one component."""

    component: str
    name: str
    kind: Kind

    def __str__(self) -> str:
        return f"{self.component}.{self.name}"

    @property
    def path(self) -> Path:
        """The place in a template below `components`, and in a tenant file below `overrides`."""
        return (self.component, *self.name.split("."))

    def order(self, value: SettingValue) -> int | None:
        """A number that orders values of this setting; None for a value that it cannot have."""
        match self.kind:
            case "count":
                fits = isinstance(value, int) and 0 <= value <= _LARGEST_COUNT
                return int(value) if fits else None
            case "cpu":
                if isinstance(value, str):
                    return cpu_millis(value) if re.fullmatch(CPU_MILLIS, value) else None
                return cpu_millis(value) if 0 < value <= _LARGEST_CPU else None
            case "memory":
                return memory_bytes(value) if isinstance(value, str) and re.fullmatch(MEMORY, value) else None
            case "size":
                return SIZES.index(value) if value in SIZES else None

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        return _EXPECTED[self.kind]


def find_setting(dotted: str, components: Mapping[str, AnyComponent]) -> Setting | tuple[str, str]:
    """The setting that `api.scale.max` names, or a message and a hint."""
    component, _, name = dotted.partition(".")
    if component not in components:
        return f"there is no component `{component[:40]}`", suggest(component, components)
    known = SETTINGS.get(components[component].type, {})
    if name in known:
        return Setting(component, name, known[name])
    hint = suggest(name, known) if known else f"a {components[component].type} has no settings that plans can limit"
    return f"`{component}` has no setting `{name[:40]}` that plans can limit", hint


def setting_value(component: AnyComponent, name: str) -> SettingValue:
    """The template's own value of a setting."""
    node: object = component
    for part in name.split("."):
        node = getattr(node, part)
    if not isinstance(node, int | float | str):
        raise TypeError(name)
    return node
