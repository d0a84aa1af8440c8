"""What the first deployment of data draws at random: passwords and keys, and the servers' certificates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tenantry.spec.plan import BucketPlan, DatabasePlan
from tenantry_kubernetes.data_sources import OperatedDatabase
from tenantry_kubernetes.names import service_host
from tenantry_kubernetes.workloads.database import source_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi

    from tenantry.contract.scope import Scope
    from tenantry.server_certificate import ServerCertificate
    from tenantry.spec.plan import InstancePlan
    from tenantry_kubernetes.cluster import Cluster

_KEY_LENGTH: Final = 40
"""Characters of a secret access key: what S3 clients expect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """Secrets by the logical name of their credential, certificates by component."""

    secrets: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    certificates: Mapping[str, ServerCertificate] = field(default_factory=dict)


def generate(plan: InstancePlan, cluster: Cluster, scope: Scope) -> Generated:
    """Declares the credentials and certificates of an instance's data: nothing where its data lives elsewhere."""
    from tenantry.credential import Credential

    secrets: dict[str, pulumi.Output[str]] = {}
    certificates: dict[str, ServerCertificate] = {}

    def credential(name: str, of: str, length: int) -> None:
        options = scope.data_options(plan, provider=scope.own)
        made = Credential(name, of=of, length=length, given=scope.adopted(name), opts=options)
        secrets[name] = made.value

    for component in plan.components:
        if isinstance(component, DatabasePlan):
            source = source_of(component, cluster.account, cluster.extensions, plan.mode)
            of = f"{component.engine} {component.version}"
            if isinstance(source, OperatedDatabase):
                credential(component.id, of, 32)
            elif source is None:
                credential(component.id, of, 32)
                credential(f"{component.id}.admin", of, 32)
                if plan.lifecycle_state != "retired":
                    certificates[component.id] = _certificate(plan, component.id, scope)
        elif isinstance(component, BucketPlan) and (
            plan.mode == "sandbox" or component.id not in cluster.account.buckets
        ):
            credential(component.id, "bucket", _KEY_LENGTH)
            credential(f"{component.id}.root", "bucket", _KEY_LENGTH)
    return Generated(secrets=secrets, certificates=certificates)


def _certificate(plan: InstancePlan, component: str, scope: Scope) -> ServerCertificate:
    from tenantry.server_certificate import ServerCertificate

    host = service_host(plan, component)
    names = (host, f"{host}.cluster.local", component)
    return ServerCertificate(component, dns_names=names, opts=scope.options(provider=scope.own))
