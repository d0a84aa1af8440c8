"""Servers that keep data: a StatefulSet of one pod, its volume, and the Service before it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.names import labels, selector
from tenantry_kubernetes.workloads.manifest import Manifest, head, kept_notes, running
from tenantry_kubernetes.workloads.namespace import NAMESPACE
from tenantry_kubernetes.workloads.network import DATA_LABEL
from tenantry_kubernetes.workloads.pods import unprivileged
from tenantry_kubernetes.workloads.sizes import container_resources

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi

    from tenantry.spec.plan import InstancePlan, Resources
    from tenantry_kubernetes.cluster import Cluster
    from tenantry_kubernetes.workloads.manifest import Body

DATA: Final = "/opt/tenantry/data"
SERVER: Final = "/opt/tenantry/server"
CONFIG: Final = "/opt/tenantry/config"
CONFIG_ANNOTATION: Final = "tenantry.dev/config-checksum"
SECRETS_ANNOTATION: Final = "tenantry.dev/secrets-checksum"
_STARTUP_SECONDS: Final = 240
_GRACE_SECONDS: Final = 60
_READABLE_BY_OWNER: Final = 0o400


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server's pod. `ports`: names and numbers, the first one is probed; `health`: a path, None for connecting."""

    component: str
    image: str
    run_as: int
    args: tuple[str, ...]
    env: tuple[Body, ...]
    ports: tuple[tuple[str, int], ...]
    resources: Resources
    mounts: tuple[Body, ...]
    volumes: tuple[Body, ...]
    annotations: Mapping[str, pulumi.Input[str]]
    health: str | None = None
    init: tuple[Body, ...] = ()


def volume_claim(plan: InstancePlan, component: str, size: str, cluster: Cluster) -> Manifest:
    """The volume's claim. It is an object of its own: one that a StatefulSet makes could be neither kept nor enlarged.

    A claim waits for its first pod where the StorageClass says so: nobody must wait for it before that.
    """
    storage = cluster.account.storage
    amount = storage.sizes.get(component) or cluster.extensions.volumes.get(component) or size
    notes = {"pulumi.com/skipAwait": "true"} | kept_notes()
    body = head(plan, "v1", "PersistentVolumeClaim", component, component=component, annotations=notes)
    body["spec"] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": amount}}}
    if storage.storage_class is not None:
        body["spec"]["storageClassName"] = storage.storage_class
    return Manifest(logical=component, component=component, body=body, after=(NAMESPACE,), data=True)


def stateful_set(plan: InstancePlan, server: Server, *, after: tuple[tuple[str, str], ...]) -> Manifest:
    """The StatefulSet of a server: the old pod has ended before the new one opens the volume."""
    component = server.component
    body = head(plan, "apps/v1", "StatefulSet", component, component=component, awaited=True)
    body["spec"] = {
        "replicas": 1 if running(plan) else 0,
        "serviceName": component,
        "selector": {"matchLabels": selector(plan, component)},
        "updateStrategy": {"type": "RollingUpdate"},
        # With the other policy, a pod that never became ready would keep the next version from replacing it.
        "podManagementPolicy": "Parallel",
        "revisionHistoryLimit": 3,
        "template": {
            "metadata": {
                "labels": labels(plan, component) | {DATA_LABEL: "true"},
                "annotations": dict(server.annotations),
            },
            "spec": _pod(server),
        },
    }
    return Manifest(logical=component, component=component, body=body, after=(NAMESPACE, *after))


def server_service(plan: InstancePlan, component: str, ports: tuple[tuple[str, int], ...]) -> Manifest:
    """The Service in front of a server. Its StatefulSet is awaited: waiting here as well would hide what it says."""
    body = head(plan, "v1", "Service", component, component=component, annotations={"pulumi.com/skipAwait": "true"})
    body["spec"] = {
        "type": "ClusterIP",
        "selector": selector(plan, component),
        "ports": [{"name": name, "port": port, "targetPort": port, "protocol": "TCP"} for name, port in ports],
    }
    return Manifest(logical=component, component=component, body=body, after=(NAMESPACE,))


def generated_checksum(values: Mapping[str, pulumi.Output[str]]) -> dict[str, pulumi.Input[str]]:
    """The annotation that rolls pods when generated secrets change: long and random, so that their hash tells nothing.

    For words that a human chose, `config.secret_digest` is the one to take.
    """
    import pulumi

    names = sorted(values)
    together = pulumi.Output.all(*(values[name] for name in names))
    mark = together.apply(lambda found: hashlib.sha256(json.dumps([names, found]).encode()).hexdigest()[:32])
    return {SECRETS_ANNOTATION: pulumi.Output.unsecret(mark)}


def secret_variable(name: str, secret: str, key: str) -> Body:
    """A variable whose value a Secret holds."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def secret_volume(name: str, secret: str, keys: tuple[str, ...]) -> Body:
    """Files that only their owner reads. The kubelet lets the pod's group read them as well, as it must."""
    items = [{"key": key, "path": key} for key in keys]
    return {"name": name, "secret": {"secretName": secret, "defaultMode": _READABLE_BY_OWNER, "items": items}}


def _pod(server: Server) -> Body:
    pod: Body = {
        "serviceAccountName": "workload",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": server.run_as,
            "runAsGroup": server.run_as,
            "fsGroup": server.run_as,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "containers": [_container(server)],
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": server.component}},
            *server.volumes,
            {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}},
        ],
    }
    if server.init:
        pod["initContainers"] = list(server.init)
    return pod


def _container(server: Server) -> Body:
    port = server.ports[0][1]
    ask: Body = {"tcpSocket": {"port": port}}
    if server.health is not None:
        ask = {"httpGet": {"path": server.health, "port": port, "scheme": "HTTP"}}
    return {
        "name": server.component,
        "image": server.image,
        "imagePullPolicy": "IfNotPresent",
        "args": list(server.args),
        "env": list(server.env),
        "ports": [{"name": name, "containerPort": number, "protocol": "TCP"} for name, number in server.ports],
        "resources": container_resources(server.resources),
        "securityContext": unprivileged(read_only_root=True),
        "volumeMounts": [
            {"name": "data", "mountPath": DATA},
            *server.mounts,
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - inside the pod, its own volume
        ],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        # Recovery after a crash may take minutes; only then is a silent server a broken one.
        "startupProbe": ask | {"periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": _STARTUP_SECONDS},
        "readinessProbe": ask | {"periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": 3},
        "livenessProbe": ask | {"periodSeconds": 20, "timeoutSeconds": 5, "failureThreshold": 6},
    }
