"""The objects of an instance's databases and buckets, and what its services and its outputs get of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenantry.spec.plan import BucketPlan, DatabasePlan
from tenantry_kubernetes.data_sources import ExternalDatabase, OperatedDatabase
from tenantry_kubernetes.workloads import bucket as buckets
from tenantry_kubernetes.workloads import database as databases
from tenantry_kubernetes.workloads.bucket_route import bucket_host, bucket_route
from tenantry_kubernetes.workloads.certificates import ordered_certificate
from tenantry_kubernetes.workloads.cloudnative_pg import cloudnative_pg_objects, cluster_object
from tenantry_kubernetes.workloads.external_database import external_database
from tenantry_kubernetes.workloads.mysql import mysql_objects
from tenantry_kubernetes.workloads.namespace import NAMESPACE, Need
from tenantry_kubernetes.workloads.postgresql import postgresql_objects
from tenantry_kubernetes.workloads.sizes import TASK
from tenantry_kubernetes.workloads.stateful import volume_claim

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pulumi

    from tenantry.contract.scope import Scope
    from tenantry.spec.plan import InstancePlan
    from tenantry_kubernetes.cluster import Cluster
    from tenantry_kubernetes.data_sources import ExternalBucket
    from tenantry_kubernetes.workloads.bindings import Binding
    from tenantry_kubernetes.workloads.generated import Generated
    from tenantry_kubernetes.workloads.manifest import Manifest

Fields = dict[str, "pulumi.Input[str]"]


@dataclass(slots=True, kw_only=True)
class Data:
    """Objects, the routes to them, what clients get, and what the outputs say."""

    manifests: list[Manifest] = field(default_factory=list)
    routes: list[Manifest] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    databases: dict[str, Fields] = field(default_factory=dict)
    buckets: dict[str, Fields] = field(default_factory=dict)


def data_objects(plan: InstancePlan, cluster: Cluster, scope: Scope, generated: Generated, url: str) -> Data:
    """Everything of every database and bucket. `url`: where the instance answers.

    Raises CapabilityError for what cannot be had.
    """
    out = Data()
    origins = _origins(plan, cluster, url)
    for component in plan.components:
        if isinstance(component, DatabasePlan):
            made, binding = _database(plan, component, cluster, scope, generated)
            out.databases[component.id] = databases.output_of(component, binding)
        elif isinstance(component, BucketPlan):
            source = _external(component, cluster)
            if source is not None:
                made, binding = [], buckets.external_bucket(component, source, scope)
            else:
                host = bucket_host(plan, component, cluster)
                made, binding = buckets.bucket_objects(
                    plan, component, cluster=cluster, generated=generated, host=host, origins=origins
                )
                if host.tls == "acme" and cluster.acme is not None:
                    out.routes += ordered_certificate(plan, host.name, cluster.acme)
                out.routes.append(bucket_route(plan, component, host, cluster))
            out.buckets[component.id] = buckets.output_of(binding)
        else:
            continue
        out.manifests += made
        out.bindings.append(binding)
    return out


def keeps_data(plan: InstancePlan, cluster: Cluster) -> bool:
    """Whether data of the instance lies in its namespace."""
    return any(
        (isinstance(component, DatabasePlan) and not isinstance(_source(component, plan, cluster), ExternalDatabase))
        or (isinstance(component, BucketPlan) and _external(component, cluster) is None)
        for component in plan.components
    )


def kept_elsewhere(plan: InstancePlan, cluster: Cluster) -> list[str]:
    """Databases of the instance that somebody else keeps, and so backs up: the account's own, and an operator's."""
    return [
        component.id
        for component in plan.components
        if isinstance(component, DatabasePlan) and _source(component, plan, cluster) is not None
    ]


def needs(plan: InstancePlan, cluster: Cluster) -> Iterator[Need]:
    """What databases and buckets of the instance's own take."""
    for component in plan.components:
        if isinstance(component, DatabasePlan):
            size, source = databases.SIZES[component.size], _source(component, plan, cluster)
            if isinstance(source, OperatedDatabase):
                # Copies, one that ends while its successor starts, and the operator's Job that begins or joins one.
                yield Need(pods=size.copies + 2, resources=size.resources, volumes=size.copies)
            elif source is None:
                yield Need(pods=2, resources=size.resources, volumes=1)
        elif isinstance(component, BucketPlan) and _external(component, cluster) is None:
            yield Need(pods=2, resources=buckets.SERVER_RESOURCES, volumes=1)
            yield Need(pods=2, resources=TASK)


def kept_objects(plan: InstancePlan, cluster: Cluster) -> list[Manifest]:
    """What holds the data of a retired instance beside its namespace: volumes, and clusters of an operator."""
    out: list[Manifest] = []
    for component in plan.components:
        if isinstance(component, DatabasePlan):
            source = _source(component, plan, cluster)
            if isinstance(source, OperatedDatabase):
                out.append(cluster_object(plan, component, cluster, after=(NAMESPACE,)))
            elif source is None:
                out.append(volume_claim(plan, component.id, databases.SIZES[component.size].storage, cluster))
        elif isinstance(component, BucketPlan) and _external(component, cluster) is None:
            out.append(volume_claim(plan, component.id, buckets.STORAGE, cluster))
    return out


def _database(
    plan: InstancePlan, database: DatabasePlan, cluster: Cluster, scope: Scope, generated: Generated
) -> tuple[list[Manifest], Binding]:
    source = _source(database, plan, cluster)
    if isinstance(source, ExternalDatabase):
        return external_database(plan, database, source, scope)
    if isinstance(source, OperatedDatabase):
        return cloudnative_pg_objects(plan, database, cluster=cluster, generated=generated)
    make = mysql_objects if database.engine == "mysql" else postgresql_objects
    return make(plan, database, cluster=cluster, generated=generated)


def _source(database: DatabasePlan, plan: InstancePlan, cluster: Cluster) -> ExternalDatabase | OperatedDatabase | None:
    return databases.source_of(database, cluster.account, cluster.extensions, plan.mode)


def _external(bucket: BucketPlan, cluster: Cluster) -> ExternalBucket | None:
    return None if cluster.mode == "sandbox" else cluster.account.buckets.get(bucket.id)


def _origins(plan: InstancePlan, cluster: Cluster, url: str) -> list[str]:
    """The origins of the instance's own pages."""
    found = [url]
    found += [f"{'http' if domain.tls == 'none' else 'https'}://{domain.host}" for domain in plan.domains]
    if cluster.http_port is not None and plan.host is not None:
        found.append(f"http://{plan.host}:{cluster.http_port}")
    return list(dict.fromkeys(found))
