"""The Kubernetes runtime: one namespace of one cluster per app instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.contract.outputs import InstanceOutputs
from tenantry.contract.runtime import API_VERSION, PluginRequirement, RuntimeModels
from tenantry_kubernetes import cluster
from tenantry_kubernetes.names import namespace_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.contract.runtime import Permission
    from tenantry.contract.scope import Connection, Scope
    from tenantry.spec.capabilities import Capabilities
    from tenantry.spec.plan import InstancePlan, Json

PLUGIN_VERSION: Final = "4.32.0"
"""The plugin that the pinned SDK asks for."""


class KubernetesRuntime:
    """Adapter of the runtime `kubernetes`."""

    api_version = API_VERSION
    name = "kubernetes"

    def capabilities(self) -> Capabilities:
        """What the runtime can do."""
        from tenantry_kubernetes.capabilities import CAPABILITIES

        return CAPABILITIES

    def models(self) -> RuntimeModels:
        """The models of `runtime.account` and `extensions.kubernetes`."""
        from tenantry_kubernetes.models import Account, Extensions

        return RuntimeModels(account=Account, extensions=Extensions)

    def default_host(self, instance: str, account: Mapping[str, Json], settings: Mapping[str, str]) -> str | None:
        """`<instance>.<host_suffix>`. Raises CapabilityError where the cluster has no suffix."""
        return cluster.default_host(instance, account, settings)

    def required_plugins(self) -> list[PluginRequirement]:
        """The official Kubernetes plugin; in a sandbox without it, a stand-in of the same name and version."""
        return [PluginRequirement(name="kubernetes", version=PLUGIN_VERSION)]

    def connect(self, plan: InstancePlan, scope: Scope) -> Connection:
        """Declares the provider and reads the UID of kube-system."""
        from tenantry_kubernetes.connection import connect

        return connect(plan, scope)

    def provision(self, plan: InstancePlan, scope: Scope, connection: Connection) -> InstanceOutputs:
        """Declares the instance's objects. Raises CapabilityError before the first where the cluster cannot run it."""
        import pulumi

        from tenantry_kubernetes.declare import declare
        from tenantry_kubernetes.workloads.instance import component_urls, instance_objects, instance_url

        where = cluster.Cluster.of(plan, scope.settings)
        made = instance_objects(plan, where, scope)
        declare(made.manifests, plan, scope, connection.providers["kubernetes"])
        url = instance_url(plan, where)
        return InstanceOutputs(
            url=url,
            services=dict(component_urls(plan, url)),
            databases={name: pulumi.Output.all(**fields) for name, fields in made.databases.items()},
            buckets={name: pulumi.Output.all(**fields) for name, fields in made.buckets.items()},
            refs={"namespace": namespace_name(plan)},
        )

    def permissions(self, plan: InstancePlan) -> list[Permission]:
        """The RBAC rules of the deploying credentials: `action` is a verb, `resource` is `resource[.group][/name]`."""
        from tenantry_kubernetes.permissions import permissions

        return permissions(plan)

    def logs(
        self, plan: InstancePlan, environment: Mapping[str, str], *, component: str | None, follow: bool, tail: int
    ) -> Iterator[tuple[str, str]]:
        """What the pods of the instance's services and sites print."""
        from tenantry_kubernetes.logs import read_logs

        return read_logs(plan, environment, component=component, follow=follow, tail=tail)
