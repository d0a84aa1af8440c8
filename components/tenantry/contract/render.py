"""Values of a plan as Pulumi inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from tenantry.spec.plan import ComponentField, SecretPart, SecretSource, Text, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def render_value(
    value: Value,
    secret: Callable[[SecretSource], pulumi.Output[str]],
    url: pulumi.Input[str] | None,
    fields: Mapping[tuple[str, str], pulumi.Input[str]],
) -> pulumi.Input[str]:
    """Concatenates the parts; constant values stay plain strings, values with a secret part become secret outputs."""
    constant = value.constant
    if constant is not None:
        return constant
    parts: list[pulumi.Input[str]] = []
    for part in value.parts:
        if isinstance(part, Text):
            parts.append(part.text)
        elif isinstance(part, SecretPart):
            parts.append(secret(part.source))
        elif isinstance(part, ComponentField):
            parts.append(fields[part.component, part.field])
        elif url is None:
            raise KeyError("url")
        else:
            parts.append(url)
    joined = pulumi.Output.concat(*parts)
    return pulumi.Output.secret(joined) if value.is_secret else joined
