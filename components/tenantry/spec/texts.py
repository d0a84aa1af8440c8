"""Texts with references to values of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.spec.bindings import FIELDS
from tenantry.spec.interpolation import Constant, FieldRef, ParameterRef, UrlRef, parse
from tenantry.spec.plan import ComponentField, Text, Value
from tenantry.spec.source import dotted
from tenantry.spec.urls import component_url, instance_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.spec.context import Context
    from tenantry.spec.plan import SecretPart, ValuePart
    from tenantry.spec.source import Path


def render(context: Context, values: Mapping[str, Text | SecretPart | None], text: str, path: Path) -> Value | None:
    """The value of a text; None where it names a parameter without a value, which is noted."""
    parts: list[ValuePart] = []
    for token in parse(text):
        if isinstance(token, Constant):
            parts.append(Text(text=token.text))
        elif isinstance(token, ParameterRef):
            part = values.get(token.name)
            if part is None:
                context.note(dotted(path[1:]), f"the parameter {token.name} has no value")
                return None
            parts.append(part)
        elif isinstance(token, UrlRef):
            parts.append(instance_url(context))
        elif isinstance(token, FieldRef):
            parts += _field(context, token, path)
    return Value(parts=_merged(parts))


def _field(context: Context, ref: FieldRef, path: Path) -> list[ValuePart]:
    if ref.component in context.left:
        reason = f"`{ref.component}` is left out: {context.left[ref.component]}"
        context.unable_template(path, reason, "do not name optional components here")
        return []
    kind = context.template.components[ref.component].type
    if kind in {"service", "site"}:
        return component_url(context, ref.component)
    return [ComponentField(component=ref.component, field=ref.field, secret=FIELDS[kind][ref.field])]


def _merged(parts: list[ValuePart]) -> tuple[ValuePart, ...]:
    """Neighbouring constants as one, so that the same value has one form."""
    merged: list[ValuePart] = []
    for part in parts:
        last = merged[-1] if merged else None
        if isinstance(part, Text) and isinstance(last, Text):
            merged[-1] = Text(text=last.text + part.text)
        else:
            merged.append(part)
    return tuple(merged)
