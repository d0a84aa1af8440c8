"""Values of the provider protocol as plain ones, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi.provider.experimental.property_value import PropertyValueType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi.provider.experimental.property_value import PropertyValue


def plain(value: PropertyValue) -> Any:  # noqa: ANN401 - any JSON value
    """The value as JSON data: secrets as what they hold, whole numbers as int, what is not known yet as None."""
    inner: Any = value.value
    if value.type is PropertyValueType.COMPUTED:
        return None
    if value.type is PropertyValueType.MAP:
        return {name: plain(item) for name, item in inner.items()}
    if value.type is PropertyValueType.ARRAY:
        return [plain(item) for item in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def plain_map(values: Mapping[str, PropertyValue]) -> dict[str, Any]:
    """Each of these values as `plain` gives it; what has no value is left out."""
    found = {name: plain(value) for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}


def unknown(values: Mapping[str, PropertyValue]) -> frozenset[str]:
    """The properties that a preview does not know yet."""
    return frozenset(name for name, value in values.items() if value.type is PropertyValueType.COMPUTED)
