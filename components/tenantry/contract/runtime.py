"""The contract of a runtime adapter: where an app instance's backend runs.

An adapter comes as an entry point of the group `tenantry.runtimes`; the entry point's name equals `name`. Nothing here
may import the adapter's Pulumi SDK when the module is loaded: validation of thousands of files must not pay for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

    from tenantry.contract.outputs import InstanceOutputs
    from tenantry.contract.scope import Connection, Scope
    from tenantry.spec.capabilities import Capabilities
    from tenantry.spec.plan import InstancePlan, Json

API_VERSION: Final = "1"
"""The contract's major version. An adapter with another one is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeModels:
    """Strict pydantic models that close the open places of a tenant file and a template."""

    account: type[BaseModel]
    extensions: type[BaseModel]


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginRequirement:
    """A Pulumi resource plugin that the adapter needs. `version` without a leading v."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One thing that the deploying credentials must be allowed to do, for the component that needs it (`*`: for all).

    `action` and `resource` are in the vendor's own words.
    """

    component: str
    action: str
    resource: str


@runtime_checkable
class RuntimeAdapter(Protocol):
    """Declares one app instance on one runtime."""

    @property
    def api_version(self) -> str:
        """The contract version that the adapter was written for."""
        ...

    @property
    def name(self) -> str:
        """The value of `runtime.on` that selects this adapter."""
        ...

    def capabilities(self) -> Capabilities:
        """What the runtime can do; checked at resolve."""
        ...

    def models(self) -> RuntimeModels:
        """The models of `runtime.account` and of this runtime's `extensions`."""
        ...

    def default_host(self, instance: str, account: Mapping[str, Json], settings: Mapping[str, str]) -> str | None:
        """The host of an instance without `domains`; None where it is only known after the deployment.

        Raises CapabilityError where the runtime gives no default host: the message says what to add.
        """
        ...

    def required_plugins(self) -> list[PluginRequirement]:
        """The Pulumi plugins that `connect` and `provision` use."""
        ...

    def connect(self, plan: InstancePlan, scope: Scope) -> Connection:
        """Declares the explicit providers and reads which account the credentials belong to. Creates nothing."""
        ...

    def provision(self, plan: InstancePlan, scope: Scope, connection: Connection) -> InstanceOutputs:
        """Declares the instance's resources and nothing else: no network, no files, no clock."""
        ...

    def permissions(self, plan: InstancePlan) -> list[Permission]:
        """The least that the deploying credentials need for this plan."""
        ...


@runtime_checkable
class Logs(Protocol):
    """An adapter that can read what the instance's services print."""

    def logs(
        self, plan: InstancePlan, environment: Mapping[str, str], *, component: str | None, follow: bool, tail: int
    ) -> Iterator[tuple[str, str]]:
        """Pairs of component id and line (no line break), oldest first.

        `environment` holds the credentials' variables.
        """
        ...
