"""A PostgreSQL that CloudNativePG, an operator of the cluster, makes and keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.names import labels
from tenantry_kubernetes.workloads.bindings import Authority, Binding
from tenantry_kubernetes.workloads.database import PORTS, SIZES, identifier, own_fields
from tenantry_kubernetes.workloads.manifest import Manifest, head, kept_notes, running
from tenantry_kubernetes.workloads.namespace import NAMESPACE
from tenantry_kubernetes.workloads.network import operated_policies
from tenantry_kubernetes.workloads.postgresql import server_secret
from tenantry_kubernetes.workloads.sizes import container_resources

if TYPE_CHECKING:
    import pulumi

    from tenantry.spec.plan import DatabasePlan, InstancePlan
    from tenantry_kubernetes.cluster import Cluster
    from tenantry_kubernetes.workloads.generated import Generated

API_VERSION: Final = "postgresql.cnpg.io/v1"
IMAGE: Final = "ghcr.io/cloudnative-pg/postgresql"
_MIB: Final = 2**20


def cloudnative_pg_objects(
    plan: InstancePlan, database: DatabasePlan, *, cluster: Cluster, generated: Generated
) -> tuple[list[Manifest], Binding]:
    """The Cluster object with its owner's password, and what clients get: the operator's own Service and authority."""
    import pulumi

    password = generated.secrets[database.id]
    name = identifier(database.id)
    owner = server_secret(
        plan,
        database.id,
        {"username": pulumi.Output.from_input(name), "password": password},
        kind="kubernetes.io/basic-auth",
    )
    made = cluster_object(plan, database, cluster, after=(NAMESPACE, owner.key))
    policies = operated_policies(plan, database.id, port=PORTS["postgresql"])
    binding = Binding(
        component=database.id,
        fields=own_fields(plan, database, password, service=f"{database.id}-rw"),
        authority=Authority(kind="Secret", name=f"{database.id}-ca", key="ca.crt"),
        ready=(made.key,),
    )
    return [owner, *policies, made], binding


def cluster_object(
    plan: InstancePlan, database: DatabasePlan, cluster: Cluster, *, after: tuple[tuple[str, str], ...]
) -> Manifest:
    """The Cluster object: its deletion takes the volumes along, so it is data itself."""
    size, storage = SIZES[database.size], cluster.account.storage
    amount = storage.sizes.get(database.id) or cluster.extensions.volumes.get(database.id) or size.storage
    runtime = f"{database.engine}{database.version}"
    volume: dict[str, pulumi.Input[str]] = {"size": amount}
    if storage.storage_class is not None:
        volume["storageClass"] = storage.storage_class
    # The operator ends the pods of a cluster that is said to rest, and keeps the volumes.
    rest = {} if running(plan) else {"cnpg.io/hibernation": "on"}
    body = head(
        plan, API_VERSION, "Cluster", database.id, component=database.id, awaited=True, annotations=rest | kept_notes()
    )
    name = identifier(database.id)
    body["spec"] = {
        "instances": size.copies,
        "imageName": cluster.account.images.get(runtime, f"{IMAGE}:{database.version}"),
        "bootstrap": {
            "initdb": {"database": name, "owner": name, "secret": {"name": database.id}, "dataChecksums": True}
        },
        "storage": volume,
        "resources": container_resources(size.resources),
        "enableSuperuserAccess": False,
        "postgresql": {
            "parameters": {
                "max_connections": str(size.connections),
                "shared_buffers": f"{size.resources.memory_bytes // 4 // _MIB}MB",
            },
            "pg_hba": ["hostnossl all all all reject"],
        },
        "inheritedMetadata": {"labels": labels(plan, database.id)},
    }
    return Manifest(logical=database.id, component=database.id, body=body, after=after, data=True)
