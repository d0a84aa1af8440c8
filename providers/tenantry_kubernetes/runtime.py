"""The Kubernetes runtime: one namespace of one cluster per app instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.contract.outputs import InstanceOutputs
from tenantry.contract.runtime import API_VERSION, PluginRequirement, RuntimeModels
from tenantry.spec.plan import LeftOut
from tenantry_kubernetes import cluster
from tenantry_kubernetes.names import namespace_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from tenantry.contract.backups import DataRequest
    from tenantry.contract.challenges import HttpChallenge
    from tenantry.contract.runtime import Permission
    from tenantry.contract.scope import Connection, Scope
    from tenantry.contract.tasks import InstanceRef, SweepRequest, TaskRequest, TaskResult
    from tenantry.spec.capabilities import Capabilities
    from tenantry.spec.plan import InstancePlan, Json

PLUGIN_VERSION: Final = "4.32.0"
"""The plugin that the pinned SDK asks for."""
_NO_BACKUP: Final = "it is backed up where it runs: neither `tenantry backup` nor a migration copies it"


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

        from tenantry_kubernetes.declare import declare_instance
        from tenantry_kubernetes.workloads.data import kept_elsewhere
        from tenantry_kubernetes.workloads.instance import component_urls, instance_objects, instance_url

        where = cluster.Cluster.of(plan, scope.settings)
        made = instance_objects(plan, where, scope, project=pulumi.get_project())
        elsewhere = kept_elsewhere(plan, where)
        declare_instance(made.manifests, plan, scope, connection.providers["kubernetes"], elsewhere)
        url = instance_url(plan, where)
        return InstanceOutputs(
            url=url,
            services=dict(component_urls(plan, url)),
            databases={name: pulumi.Output.all(**fields) for name, fields in made.databases.items()},
            buckets={name: pulumi.Output.all(**fields) for name, fields in made.buckets.items()},
            refs={"namespace": namespace_name(plan)},
            left_out=tuple(LeftOut(what=f"{name}.backup", reason=_NO_BACKUP) for name in elsewhere),
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

    def run_task(
        self, request: TaskRequest, environment: Mapping[str, str], progress: Callable[[str], None]
    ) -> TaskResult:
        """A Job with the service's own pod template."""
        from tenantry_kubernetes.tasks import run_task

        return run_task(request, environment, progress)

    def hold(
        self, instance: InstanceRef, holder: str, purpose: str, environment: Mapping[str, str]
    ) -> AbstractContextManager[None]:
        """A Lease in the instance's namespace."""
        from tenantry_kubernetes.locking import hold

        return hold(instance, holder, purpose, environment)

    def sweep(self, request: SweepRequest, environment: Mapping[str, str]) -> tuple[str, ...]:
        """Removes ConfigMaps and Secrets of earlier versions, and tasks that have ended."""
        from tenantry_kubernetes.sweeping import sweep

        return sweep(request, environment)

    def present(self, challenge: HttpChallenge, environment: Mapping[str, str]) -> None:
        """A pod, a Service and an Ingress rule for the one path."""
        from tenantry_kubernetes.challenges import present

        present(challenge, environment)

    def withdraw(self, challenge: HttpChallenge, environment: Mapping[str, str]) -> None:
        """Deletes them."""
        from tenantry_kubernetes.challenges import withdraw

        withdraw(challenge, environment)

    def save(self, request: DataRequest, environment: Mapping[str, str], progress: Callable[[str], None]) -> None:
        """A database by its engine's own program inside its pod, a bucket by its S3 server."""
        from tenantry_kubernetes.backups import save

        save(request, environment, progress)

    def load(self, request: DataRequest, environment: Mapping[str, str], progress: Callable[[str], None]) -> None:
        """As `save`, the other way."""
        from tenantry_kubernetes.backups import load

        load(request, environment, progress)
