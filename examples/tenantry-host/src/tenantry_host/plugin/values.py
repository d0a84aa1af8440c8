"""Between the engine's values and plain ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue, PropertyValueType


def plain(value: PropertyValue) -> Any:  # noqa: ANN401 - a JSON value
    """The value without its marks; whole numbers become integers, as they were when the program gave them."""
    content = value.value
    if isinstance(content, Mapping):
        return {name: plain(item) for name, item in content.items()}
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [plain(item) for item in content]
    if isinstance(content, float) and content.is_integer():
        return int(content)
    return content


def plain_map(values: Mapping[str, PropertyValue]) -> dict[str, Any]:
    """As `plain`, without what has no value."""
    return {name: plain(value) for name, value in values.items() if value.value is not None}


def marked(value: Any, *, secret: bool) -> PropertyValue:  # noqa: ANN401 - a JSON value
    """A plain value for the engine."""
    if isinstance(value, dict):
        return PropertyValue({name: marked(item, secret=False) for name, item in value.items()}, is_secret=secret)
    if isinstance(value, list):
        return PropertyValue([marked(item, secret=False) for item in value], is_secret=secret)
    return PropertyValue(float(value) if isinstance(value, int) and not isinstance(value, bool) else value, secret)


def unknown(value: PropertyValue) -> bool:
    """Whether the value, or a part of it, is not known yet."""
    if value.type is PropertyValueType.COMPUTED:
        return True
    content = value.value
    if isinstance(content, Mapping):
        return any(unknown(item) for item in content.values())
    if isinstance(content, Sequence) and not isinstance(content, str):
        return any(unknown(item) for item in content)
    return False
