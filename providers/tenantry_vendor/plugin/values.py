"""Property values as a resource of ours reads and writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pulumi.provider.experimental.property_value import PropertyValue, PropertyValueType

if TYPE_CHECKING:
    from collections.abc import Iterable


def unknown(values: Mapping[str, PropertyValue]) -> frozenset[str]:
    """Names of the properties that have no value yet: at a preview, what others will give."""
    return frozenset(name for name, value in values.items() if _unknown(value))


def plain(values: Mapping[str, PropertyValue]) -> dict[str, object]:
    """The properties that have a value, lists as tuples, without what is unknown."""
    return {name: _plain(value) for name, value in values.items() if value.value is not None and not _unknown(value)}


def text(value: str, *, secret: bool = False) -> PropertyValue:
    """A text as a property."""
    return PropertyValue(value, is_secret=secret)


def not_yet(names: Iterable[str]) -> dict[str, PropertyValue]:
    """Properties that a preview cannot know."""
    return {name: PropertyValue.computed() for name in names}


def _unknown(value: PropertyValue) -> bool:
    if value.type is PropertyValueType.COMPUTED:
        return True
    inner = value.value
    return isinstance(inner, tuple) and any(_unknown(item) for item in inner)


def _plain(value: PropertyValue) -> object:
    inner = value.value
    if isinstance(inner, tuple):
        return tuple(_plain(item) for item in inner)
    if isinstance(inner, Mapping):
        return plain(inner)
    return inner
