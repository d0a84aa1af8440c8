"""The adapter of the runtime `host`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.contract.runtime import Permission, PluginRequirement, RuntimeModels
from tenantry.errors import CapabilityError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.contract.outputs import InstanceOutputs
    from tenantry.contract.scope import Connection, Scope
    from tenantry.spec.capabilities import Capabilities
    from tenantry.spec.plan import InstancePlan, Json

API_VERSION: Final = "1"
"""The contract that this adapter was written for: a number of its own, never the installed Tenantry's."""

PLUGIN: Final = "tenantry-host"
PLUGIN_VERSION: Final = "0.1.0"
SANDBOX_SUFFIX: Final = "host.tenantry.localhost"
"""Instances without domains are served below it in a sandbox."""


class HostRuntime:
    """One app instance as processes, sites and routes of one host."""

    api_version = API_VERSION
    name = "host"

    def capabilities(self) -> Capabilities:
        """What a host can do."""
        from tenantry_host.capabilities import CAPABILITIES

        return CAPABILITIES

    def models(self) -> RuntimeModels:
        """The models of `runtime.account` and `extensions.host`."""
        from tenantry_host.models import Account, Extensions

        return RuntimeModels(account=Account, extensions=Extensions)

    def default_host(self, instance: str, account: Mapping[str, Json], settings: Mapping[str, str]) -> str | None:
        """`<instance>.<suffix>`. Raises CapabilityError where the account has no suffix."""
        suffix = SANDBOX_SUFFIX if settings else account.get("host_suffix")
        if not isinstance(suffix, str):
            raise CapabilityError(
                f"{instance} has no domains, and its host gives no names of its own.",
                hint="Add domains, or runtime.account.host_suffix: a name below which every name leads to the host.",
            )
        return f"{instance}.{suffix}"

    def required_plugins(self) -> list[PluginRequirement]:
        """The plugin of this package."""
        return [PluginRequirement(name=PLUGIN, version=PLUGIN_VERSION)]

    def connect(self, plan: InstancePlan, scope: Scope) -> Connection:
        """Declares the provider and asks the host for its id."""
        from tenantry_host.declare import connect

        return connect(plan, scope)

    def provision(self, plan: InstancePlan, scope: Scope, connection: Connection) -> InstanceOutputs:
        """Declares apps, sites and routes."""
        from tenantry_host.declare import provision

        return provision(plan, scope, connection)

    def permissions(self, plan: InstancePlan) -> list[Permission]:
        """Whoever has the token may do everything on the host; nothing finer exists."""
        endpoint = plan.runtime.account.get("endpoint") or "the sandbox"
        return [Permission(component="*", action="control", resource=str(endpoint))]

    def logs(
        self, plan: InstancePlan, environment: Mapping[str, str], *, component: str | None, follow: bool, tail: int
    ) -> Iterator[tuple[str, str]]:
        """What the instance's apps print."""
        from tenantry_host.logs import read_logs

        return read_logs(plan, environment, component=component, follow=follow, tail=tail)
