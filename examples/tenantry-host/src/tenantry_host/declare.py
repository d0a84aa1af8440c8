"""Turns a plan into resources of this package's plugin. Nothing here opens a file or a connection."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import pulumi
from tenantry.contract.outputs import InstanceOutputs
from tenantry.contract.scope import Connection
from tenantry.errors import CapabilityError, PreflightError
from tenantry.spec.plan import ServicePlan, SitePlan

from tenantry_host.access import SANDBOX_ENDPOINT, TOKEN
from tenantry_host.models import Account
from tenantry_host.runtime import PLUGIN, PLUGIN_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.contract.scope import Scope
    from tenantry.spec.plan import InstancePlan, SourceRef

GET_HOST: Final = f"{PLUGIN}:index:getHost"


class _Resource(pulumi.CustomResource):
    def __init__(self, kind: str, name: str, inputs: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(f"{PLUGIN}:index:{kind}", name, inputs, opts)


def connect(plan: InstancePlan, scope: Scope) -> Connection:
    """The provider, and the host's id as the account. The token reaches the plugin by environment, never by state.

    Raises PreflightError where the tenant file does not say where the host is.
    """
    inputs: dict[str, Any] = {}
    variables: dict[str, str] = {}
    declared = None
    if plan.mode == "live":
        account = Account.model_validate(plan.runtime.account)
        if account.endpoint is None or account.token is None:
            raise PreflightError(
                f"runtime.account of {plan.instance} does not say where the host is.",
                hint="Add: {endpoint: http://127.0.0.1:7070, token: {ref: {env: ACME_HOST_TOKEN}}}",
            )
        inputs = {"endpoint": account.endpoint, "tokenFile": account.token.ref.file}
        variables = {account.token.ref.env: TOKEN} if account.token.ref.env else {}
        declared = account.id
    elif SANDBOX_ENDPOINT not in scope.settings:
        raise PreflightError(f"{SANDBOX_ENDPOINT} is not set.", hint="Run: tenantry sandbox up host")
    provider = pulumi.ProviderResource(
        PLUGIN,
        "host",
        inputs,
        pulumi.ResourceOptions(parent=scope.parent, version=PLUGIN_VERSION, env_var_mappings=variables or None),
    )
    options = pulumi.InvokeOptions(provider=provider, version=PLUGIN_VERSION)
    found = pulumi.runtime.invoke_output(GET_HOST, {}, options)
    reported = found.apply(lambda host: str(host["id"]))
    return Connection(account=reported, providers={PLUGIN: provider}, declared=declared)


def provision(plan: InstancePlan, scope: Scope, connection: Connection) -> InstanceOutputs:
    """One App per service, one Site per site, and the instance's Routes."""
    options = scope.options(provider=connection.providers[PLUGIN])
    url = plan.url or f"http://{plan.host}"
    suspended = plan.lifecycle_state == "suspended"
    made: list[pulumi.Resource] = []
    for component in plan.components:
        if isinstance(component, ServicePlan):
            inputs = _app(component, url, scope)
        elif isinstance(component, SitePlan):
            inputs = _site(component, [route.prefix for route in plan.routes if route.component == component.id])
        elif component.type == "miniprogram":
            continue
        else:
            raise CapabilityError(
                f"A host does not make a {component.type} ({component.id}).",
                hint="Remove the component, or use a runtime that `tenantry runtimes` shows with it.",
            )
        inputs |= {"instance": plan.instance, "suspended": suspended}
        inputs |= _source(component.id, component.source, scope)
        made.append(_Resource("App" if component.type == "service" else "Site", component.id, inputs, options))
    if plan.routes and plan.host is not None:
        inputs = {
            "instance": plan.instance,
            "hosts": [domain.host for domain in plan.domains] or [plan.host],
            "routes": [{"prefix": route.prefix, "component": route.component} for route in plan.routes],
        }
        # After what they lead to: a host that is routed answers.
        after = scope.options(provider=connection.providers[PLUGIN], depends_on=made)
        _Resource("Routes", f"{plan.instance}-routes", inputs, after)
    return InstanceOutputs(url=url, services=dict(_services(plan, url)), refs={"host": plan.host or ""})


def _app(service: ServicePlan, url: str, scope: Scope) -> dict[str, Any]:
    return {
        "runtime": service.runtime,
        "command": list(service.command),
        "environment": {variable.name: scope.render(variable.value, url=url) for variable in service.env},
        "health": service.health,
        "copies": max(1, service.scale.min),
    }


def _site(site: SitePlan, prefixes: list[str]) -> dict[str, Any]:
    return {"index": site.index, "notFound": site.not_found, "prefixes": prefixes}


def _services(plan: InstancePlan, url: str) -> Iterator[tuple[str, str]]:
    """The URL of every routed service; of several routes the shortest."""
    for route in sorted(plan.routes, key=lambda one: len(one.prefix), reverse=True):
        if isinstance(plan.component(route.component), ServicePlan):
            yield route.component, url + route.prefix.rstrip("/")


def _source(component: str, source: SourceRef | None, scope: Scope) -> dict[str, Any]:
    if source is None:
        raise CapabilityError(f"A host does not run images ({component}).", hint="Give the component a source.")
    return {"source": source.digest, "archive": base64.b64encode(scope.sources[component].archive()).decode()}
