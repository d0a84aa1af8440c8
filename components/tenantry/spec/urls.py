"""The host and URL of an instance, where they are known before the deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.errors import CapabilityError
from tenantry.spec.check_template import routes_of
from tenantry.spec.plan import ComponentField, InstanceUrl, Text

if TYPE_CHECKING:
    from tenantry.spec.context import Context
    from tenantry.spec.plan import ValuePart


def find_url(context: Context) -> None:
    """Fills `context.host` and `context.url`."""
    tenant, target = context.tenant, context.target
    if tenant.domains:
        first = tenant.domains[0]
        context.host = first.host
        context.url = target.url(first.host, first.tls)
        return
    if context.failed:
        return
    try:
        context.host = target.default_host(tenant.instance, tenant.runtime.account)
    except CapabilityError as error:
        context.unable_tenant(("runtime",), error.message, error.hint)
        return
    if context.host is not None:
        context.url = target.url(context.host, "managed")


def instance_url(context: Context) -> ValuePart:
    """`${url}`: a constant where it is known."""
    return Text(text=context.url) if context.url is not None else InstanceUrl()


def component_url(context: Context, component: str) -> list[ValuePart]:
    """`${COMPONENT.url}`: the instance's URL and the component's route, else a field that its deployment gives.

    Only the last one makes a dependency: a host that is known has its URL before anything is created.
    """
    if context.host is None:
        return [ComponentField(component=component, field="url")]
    prefixes = sorted((prefix for prefix, to in routes_of(context.template).items() if to == component), key=_shortest)
    prefix = prefixes[0].rstrip("/") if prefixes else ""
    return [instance_url(context), Text(text=prefix)] if prefix else [instance_url(context)]


def _shortest(prefix: str) -> tuple[int, str]:
    return len(prefix), prefix
