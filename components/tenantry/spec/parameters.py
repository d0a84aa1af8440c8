"""Parameters of a template: what a tenant may set, as a typed part of JSON Schema."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, JsonValue, StringConstraints

from tenantry.spec.base import Localized, Model

Scalar = Annotated[str, StringConstraints(max_length=4096)] | int | float | bool
ItemType: TypeAlias = Literal["string", "integer", "number", "boolean"]
Count = Annotated[int, Field(ge=0, le=4096)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Constraints(Model):
    """What a value, or an item of a list, may be."""

    enum: Annotated[tuple[Scalar, ...], Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="The only values that are allowed."
    )
    min: float | None = Field(default=None, description="Smallest number, itself included.")
    max: float | None = Field(default=None, description="Largest number, itself included.")
    minLength: Count | None = Field(default=None, description="Smallest number of characters.")  # noqa: N815 - JSON Schema's word
    maxLength: Count | None = Field(default=None, description="Largest number of characters.")  # noqa: N815 - JSON Schema's word
    pattern: Pattern | None = Field(
        default=None, description="Regular expression that the text must match somewhere; anchor it with ^ and $."
    )


class Items(Constraints):
    """What the items of a list are."""

    type: ItemType = Field(description="Type of every item.")


class Parameter(Constraints):
    """One parameter."""

    type: Literal["string", "integer", "number", "boolean", "array"] = Field(description="Type of the value.")
    items: Items | None = Field(default=None, description="What the items of an `array` are.")
    minItems: Count | None = Field(default=None, description="Smallest number of items.")  # noqa: N815 - JSON Schema's word
    maxItems: Count | None = Field(default=None, description="Largest number of items.")  # noqa: N815 - JSON Schema's word
    default: JsonValue = Field(default=None, description="The value where the tenant gives none.")
    required: bool = Field(default=False, description="Whether every tenant must give a value.")
    secret: bool = Field(default=False, description="Whether the value is a reference to a secret; only for `string`.")
    title: Localized | None = Field(default=None, description="Name of the parameter for people.")
    description: Localized | None = Field(default=None, description="What the parameter does, for people.")
