"""The adapter of the cloud of files."""

# ruff: noqa: ARG002 - contracts give methods more arguments than a cloud of files needs
from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from tenantry.contract.outputs import InstanceOutputs
from tenantry.contract.runtime import API_VERSION, Permission, PluginRequirement, RuntimeModels
from tenantry.contract.scope import Connection
from tenantry.credential import Credential
from tenantry.spec.capabilities import FEATURES, Capabilities, Feature, Provenance
from tenantry.spec.plan import DatabasePlan, ServicePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.contract.scope import Scope
    from tenantry.spec.plan import InstancePlan, Json

KNOWN = Provenance(kind="assumed", source="this test's own cloud", on="2026-01-01")

MADE_SECRET = "made-by-the-cloud"


class Thing(pulumi.CustomResource):
    def __init__(self, name: str, values: dict[str, pulumi.Input[str]], opts: pulumi.ResourceOptions) -> None:
        super().__init__("testcloud:index:Thing", name, {"values": values}, opts)


def _database(component: DatabasePlan, plan: InstancePlan, scope: Scope, cloud: pulumi.ProviderResource) -> None:
    """A thing that holds its own password: what was kept is only opened by the password that it was made with."""
    password = Credential(
        component.id,
        of=component.engine,
        given=scope.adopted(component.id),
        opts=scope.data_options(plan, provider=scope.own),
    )
    Thing(component.id, {"password": password.value}, scope.data_options(plan, provider=cloud))


class TestcloudRuntime:
    api_version = API_VERSION
    name = "testcloud"

    def capabilities(self) -> Capabilities:
        features = {name: Feature(support="yes", provenance=KNOWN) for name in FEATURES}
        return Capabilities(features=features, limits={}, source_runtimes=("python3.11",))

    def models(self) -> RuntimeModels:
        # Here and not above: a run with a kept plan must not import pydantic.
        from pydantic import BaseModel, ConfigDict

        class Account(BaseModel):
            model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

            declared: str | None = None

        class Extensions(BaseModel):
            model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

        return RuntimeModels(account=Account, extensions=Extensions)

    def default_host(self, instance: str, account: Mapping[str, Json], settings: Mapping[str, str]) -> str | None:
        return f"{instance}.testcloud.example"

    def required_plugins(self) -> list[PluginRequirement]:
        return [PluginRequirement(name="testcloud", version="1.0.0")]

    def connect(self, plan: InstancePlan, scope: Scope) -> Connection:
        provider = pulumi.ProviderResource("testcloud", "testcloud", {}, scope.options())
        reported = pulumi.runtime.invoke_output("testcloud:index:account", {}, pulumi.InvokeOptions(provider=provider))
        declared = plan.runtime.account.get("declared")
        return Connection(
            account=reported.apply(lambda found: str(found["account"])),
            providers={"testcloud": provider},
            declared=declared if isinstance(declared, str) else None,
        )

    def provision(self, plan: InstancePlan, scope: Scope, connection: Connection) -> InstanceOutputs:
        cloud = connection.providers["testcloud"]
        options = scope.options(provider=cloud)
        url = plan.url or "http://unknown.example"
        for component in plan.components:
            if isinstance(component, DatabasePlan):
                _database(component, plan, scope, cloud)
                continue
            env = component.env if isinstance(component, ServicePlan) else ()
            values = {var.name: scope.render(var.value, url=url) for var in env}
            Thing(component.id, {**values, "digest": str(getattr(component, "source", ""))}, options)
        connection_fields = pulumi.Output.secret({"PASSWORD": MADE_SECRET})
        return InstanceOutputs(url=url, services={"api": f"{url}/api"}, databases={"main": connection_fields})

    def permissions(self, plan: InstancePlan) -> list[Permission]:
        return [Permission(component=item.id, action="write", resource=item.id) for item in plan.components]
