"""The objects of one `bucket`: an S3 server of the instance's own, or what the account names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from tenantry.contract.sandbox import loopback_url
from tenantry.spec.plan import Resources
from tenantry_kubernetes.cluster import runtime_annotations
from tenantry_kubernetes.images import STOCK, image_of
from tenantry_kubernetes.names import access_key_id, service_host
from tenantry_kubernetes.servers import bucket_image
from tenantry_kubernetes.workloads.bindings import Binding
from tenantry_kubernetes.workloads.bucket_setup import setup_objects
from tenantry_kubernetes.workloads.manifest import running
from tenantry_kubernetes.workloads.network import data_policy
from tenantry_kubernetes.workloads.pods import unprivileged
from tenantry_kubernetes.workloads.postgresql import server_secret
from tenantry_kubernetes.workloads.sizes import container_resources
from tenantry_kubernetes.workloads.stateful import (
    DATA,
    Server,
    generated_checksum,
    secret_variable,
    server_service,
    stateful_set,
    volume_claim,
)

if TYPE_CHECKING:
    import pulumi

    from tenantry.contract.scope import Scope
    from tenantry.spec.plan import BucketPlan, InstancePlan
    from tenantry_kubernetes.cluster import Cluster
    from tenantry_kubernetes.data_sources import ExternalBucket
    from tenantry_kubernetes.workloads.generated import Generated
    from tenantry_kubernetes.workloads.manifest import Body, Manifest
    from tenantry_kubernetes.workloads.routing import Host

S3_PORT: Final = 7070
ADMIN_PORT: Final = 7071
"""Where accounts and buckets are made: never routed, and open to the set-up alone."""
REGION: Final = "us-east-1"
SERVER_RESOURCES: Final = Resources(cpu_millis=250, memory_bytes=256 * 2**20)
STORAGE: Final = "10Gi"
_HEALTH: Final = "/.tenantry/health"
_PREPARE: Final = f"import os; [os.makedirs(f'{DATA}/{{name}}', exist_ok=True) for name in ('buckets', 'iam', 'meta')]"


def bucket_objects(
    plan: InstancePlan, bucket: BucketPlan, *, cluster: Cluster, generated: Generated, host: Host, origins: list[str]
) -> tuple[list[Manifest], Binding]:
    """Everything of one server, and what its clients get. `origins`: of the web pages that may use presigned URLs."""
    image = bucket_image(cluster.account.images)
    ports = (("s3", S3_PORT), ("admin", ADMIN_PORT))
    key = generated.secrets[bucket.id]
    held = {"root-secret-key": generated.secrets[f"{bucket.id}.root"], "secret-access-key": key}
    secret = server_secret(plan, bucket.id, held)
    claim = volume_claim(plan, bucket.id, STORAGE, cluster)
    server = Server(
        component=bucket.id,
        image=image.image,
        run_as=image.run_as,
        args=("posix", f"{DATA}/buckets"),
        env=(
            *(
                {"name": name, "value": value}
                for name, value in {
                    "VGW_PORT": f":{S3_PORT}",
                    "VGW_ADMIN_PORT": f":{ADMIN_PORT}",
                    "VGW_REGION": REGION,
                    "VGW_HEALTH": _HEALTH,
                    "VGW_IAM_DIR": f"{DATA}/iam",
                    # Not every file system of a volume keeps extended attributes.
                    "VGW_META_SIDECAR": f"{DATA}/meta",
                    "VGW_QUIET": "true",
                    "ROOT_ACCESS_KEY_ID": access_key_id(plan, f"{bucket.id}.root"),
                }.items()
            ),
            secret_variable("ROOT_SECRET_ACCESS_KEY", bucket.id, "root-secret-key"),
        ),
        ports=ports,
        resources=SERVER_RESOURCES,
        mounts=(),
        volumes=(),
        annotations={
            **generated_checksum({"root-secret-key": held["root-secret-key"]}),
            **runtime_annotations(
                cluster, {image.image: image.runtime, image_of(STOCK.runtime, cluster.account.images): STOCK.runtime}
            ),
        },
        health=_HEALTH,
        init=(_prepare(cluster),),
    )
    policy = data_policy(plan, bucket.id, ports=[S3_PORT], admin_port=ADMIN_PORT, cluster=cluster)
    objects = [secret, claim, policy]
    objects += [
        server_service(plan, bucket.id, ports),
        stateful_set(plan, server, after=tuple(each.key for each in objects)),
    ]
    ready: tuple[tuple[str, str], ...] = (("StatefulSet", bucket.id), ("Service", bucket.id))
    if running(plan):
        objects += setup_objects(plan, bucket, cluster=cluster, variables=_setup(plan, bucket, origins), after=ready)
        ready = (*ready, ("Job", bucket.id))
    fields: dict[str, pulumi.Input[str]] = {
        "endpoint": f"http://{service_host(plan, bucket.id)}:{S3_PORT}",
        "public_endpoint": public_endpoint(cluster, host),
        "region": REGION,
        "bucket": bucket.id,
        "access_key_id": access_key_id(plan, bucket.id),
        "secret_access_key": key,
        "addressing": "path",
    }
    return objects, Binding(component=bucket.id, fields=fields, ready=ready)


def external_bucket(bucket: BucketPlan, source: ExternalBucket, scope: Scope) -> Binding:
    """A bucket that is there already."""
    return Binding(
        component=bucket.id,
        fields={
            "endpoint": source.endpoint,
            "public_endpoint": source.public_endpoint,
            "region": source.region,
            "bucket": source.bucket,
            "access_key_id": scope.secret(source.access_key_id),
            "secret_access_key": scope.secret(source.secret_access_key),
            "addressing": source.addressing,
        },
        secret=frozenset({"access_key_id"}),
    )


def public_endpoint(cluster: Cluster, host: Host) -> str:
    """What presigned URLs are made for: the bucket's own host."""
    if cluster.mode == "sandbox":
        return loopback_url(host.name, cluster.http_port or "80")
    return f"{'http' if host.tls == 'none' else 'https'}://{host.name}"


def output_of(binding: Binding) -> dict[str, pulumi.Input[str]]:
    """What the instance's outputs say of a bucket: nothing that opens it."""
    return {name: binding.fields[name] for name in ("endpoint", "public_endpoint", "region", "bucket", "addressing")}


def _setup(plan: InstancePlan, bucket: BucketPlan, origins: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The set-up's plain variables, and those that the Secret holds."""
    host = service_host(plan, bucket.id)
    plain = {
        "ENDPOINT": f"http://{host}:{S3_PORT}",
        "ADMIN_ENDPOINT": f"http://{host}:{ADMIN_PORT}",
        "REGION": REGION,
        "BUCKET": bucket.id,
        "ROOT_ACCESS_KEY_ID": access_key_id(plan, f"{bucket.id}.root"),
        "ACCESS_KEY_ID": access_key_id(plan, bucket.id),
        "ORIGINS": json.dumps(origins),
        "PUBLIC": "true" if bucket.public else "false",
    }
    return plain, {"ROOT_SECRET_ACCESS_KEY": "root-secret-key", "SECRET_ACCESS_KEY": "secret-access-key"}


def _prepare(cluster: Cluster) -> Body:
    return {
        "name": "prepare",
        "image": image_of(STOCK.runtime, cluster.account.images),
        "imagePullPolicy": "IfNotPresent",
        "command": [STOCK.python, "-I", "-c", _PREPARE],
        "resources": container_resources(SERVER_RESOURCES),
        "securityContext": unprivileged(read_only_root=True),
        "volumeMounts": [{"name": "data", "mountPath": DATA}],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
