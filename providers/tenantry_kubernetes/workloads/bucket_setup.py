"""The Job that brings a bucket's server to what the plan says, and what it runs."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.cluster import runtime_annotation
from tenantry_kubernetes.images import STOCK, image_of
from tenantry_kubernetes.workloads.config import program
from tenantry_kubernetes.workloads.manifest import AWAIT_SECONDS, Manifest, head
from tenantry_kubernetes.workloads.namespace import NAMESPACE
from tenantry_kubernetes.workloads.stateful import secret_variable
from tenantry_kubernetes.workloads.tasks import program_map, task_pod

if TYPE_CHECKING:
    from tenantry.spec.plan import BucketPlan, InstancePlan
    from tenantry_kubernetes.cluster import Cluster

PROGRAM: Final = "bucket_setup.py"


def setup_objects(
    plan: InstancePlan,
    bucket: BucketPlan,
    *,
    cluster: Cluster,
    variables: tuple[dict[str, str], dict[str, str]],
    after: tuple[tuple[str, str], ...],
) -> list[Manifest]:
    """The program and the Job. `variables`: plain ones, and those whose value the bucket's Secret holds by key.

    A Job never changes: its name has a mark of what it does, so that another plan makes another Job.
    """
    plain, secret = variables
    source = program_map(plan, bucket.id, PROGRAM)
    mark = hashlib.sha256(json.dumps([program(PROGRAM), plain, secret], sort_keys=True).encode()).hexdigest()[:8]
    body = head(plan, "batch/v1", "Job", f"{bucket.id}-setup-{mark}", component=bucket.id, awaited=True)
    env = [{"name": name, "value": value} for name, value in plain.items()]
    env += [secret_variable(name, bucket.id, key) for name, key in secret.items()]
    image = image_of(STOCK.runtime, cluster.account.images)
    pod = task_pod(
        plan,
        bucket.id,
        image=image,
        program_of=bucket.id,
        command=(STOCK.python, "-I", PROGRAM),
        env=env,
        annotations=runtime_annotation(cluster, image, STOCK.runtime),
    )
    body["spec"] = {
        "backoffLimit": 6,
        "activeDeadlineSeconds": AWAIT_SECONDS - 30,
        "template": pod,
    }
    return [source, Manifest(logical=bucket.id, component=bucket.id, body=body, after=(NAMESPACE, source.key, *after))]
