"""Parameters of the template with the tenant's values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from tenantry.spec.base import validate
from tenantry.spec.explain import explain
from tenantry.spec.names import suggest
from tenantry.spec.plan import SecretPart, Text
from tenantry.spec.secrets import SecretRef
from tenantry.spec.values import as_text, check_value

if TYPE_CHECKING:
    from tenantry.spec.context import Context
    from tenantry.spec.parameters import Parameter
    from tenantry.spec.plan import Json


def supply_parameters(context: Context) -> tuple[dict[str, Json], dict[str, Text | SecretPart | None]]:
    """The plan's parameters, and per parameter the part that stands for it in a text (None: it has no value)."""
    given = context.tenant.parameters
    known = context.template.parameters
    for name in given:
        if name not in known:
            message = f"{context.ref} has no parameter `{name}`"
            context.wrong_tenant(("parameters", name), message, suggest(name, known), on_key=True)
    plain: dict[str, Json] = {}
    parts: dict[str, Text | SecretPart | None] = {}
    for name, parameter in known.items():
        value = given.get(name, parameter.default)
        parts[name] = None
        if value is None:
            if parameter.required:
                title = f" ({parameter.title.en})" if parameter.title else ""
                context.wrong_tenant(("parameters",), f"the parameter `{name}`{title} is required", f"add {name}: …")
            continue
        plain[name] = value
        parts[name] = _secret(context, name, value) if parameter.secret else _plain(context, name, parameter, value)
    return plain, parts


def _plain(context: Context, name: str, parameter: Parameter, value: Json) -> Text | None:
    if name in context.tenant.parameters:
        if isinstance(value, dict) and "ref" in value:
            message = f"the parameter `{name}` is not secret: it takes a value, not a reference"
            context.wrong_tenant(("parameters", name), message, "write the value itself")
            return None
        findings = list(check_value(value, parameter, ("parameters", name)))
        if findings:
            context.wrong_in_tenant(findings)
            return None
    return Text(text=as_text(value))


def _secret(context: Context, name: str, value: Json) -> SecretPart | None:
    path = ("parameters", name)
    if not isinstance(value, dict):
        hint = f"write {name}: {{ref: {{stack: {name}}}}} and set it with: pulumi config set --secret {name}"
        context.wrong_tenant(path, f"the parameter `{name}` is secret: its value must not stand here", hint)
        return None
    try:
        reference = validate(SecretRef, value)
    except ValidationError as error:
        context.wrong_in_tenant(explain(error, value, SecretRef, path))
        return None
    return SecretPart(source=reference.to_source())
