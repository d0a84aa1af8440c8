"""Pods of our own small programs that run to an end: one ConfigMap with the program, one pod template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry_kubernetes.images import STOCK
from tenantry_kubernetes.names import task_labels
from tenantry_kubernetes.workloads.config import program
from tenantry_kubernetes.workloads.manifest import Manifest, head
from tenantry_kubernetes.workloads.namespace import NAMESPACE
from tenantry_kubernetes.workloads.pods import PROGRAMS, unprivileged
from tenantry_kubernetes.workloads.sizes import TASK, container_resources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry.spec.plan import InstancePlan
    from tenantry_kubernetes.workloads.manifest import Body


def program_map(plan: InstancePlan, component: str, name: str) -> Manifest:
    """The ConfigMap that carries a program."""
    body = head(plan, "v1", "ConfigMap", component, component=component)
    body["data"] = {name: program(name)}
    return Manifest(logical=component, component=component, body=body, after=(NAMESPACE,))


def task_pod(
    plan: InstancePlan,
    component: str,
    *,
    image: str,
    program_of: str,
    command: tuple[str, ...],
    env: Sequence[Body],
    annotations: dict[str, str],
) -> Body:
    """A pod template that works for `component`. `program_of` names the ConfigMap; the command runs in its folder."""
    container: Body = {
        "name": "task",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "workingDir": PROGRAMS,
        "env": [{"name": "PYTHONUNBUFFERED", "value": "1"}, *env],
        "resources": container_resources(TASK),
        "securityContext": unprivileged(read_only_root=True),
        "volumeMounts": [{"name": "programs", "mountPath": PROGRAMS, "readOnly": True}],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    metadata: Body = {"labels": task_labels(plan, component)}
    if annotations:
        metadata["annotations"] = annotations
    return {
        "metadata": metadata,
        "spec": {
            "serviceAccountName": "workload",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "restartPolicy": "Never",
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": STOCK.run_as,
                "runAsGroup": STOCK.run_as,
                "fsGroup": STOCK.run_as,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [{"name": "programs", "configMap": {"name": program_of, "defaultMode": 0o444}}],
        },
    }
