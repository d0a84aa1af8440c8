"""What all pods have in common: the restricted security context, probes, spread, and unpacked sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.names import labels, selector
from tenantry_kubernetes.workloads.config import ARCHIVE, UNPACK
from tenantry_kubernetes.workloads.manifest import AWAIT_SECONDS, Manifest, head
from tenantry_kubernetes.workloads.namespace import NAMESPACE
from tenantry_kubernetes.workloads.network import PORT
from tenantry_kubernetes.workloads.sizes import container_resources, volume_size

if TYPE_CHECKING:
    from tenantry.spec.plan import InstancePlan, Resources
    from tenantry_kubernetes.packing import Packed
    from tenantry_kubernetes.workloads.manifest import Body

APP: Final = "/opt/tenantry/app"
PROGRAMS: Final = "/opt/tenantry/programs"
GRACE_SECONDS: Final = 30
STARTUP_SECONDS: Final = 120
_DRAIN_SECONDS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One component's pods. `run_as`: numeric user and group, None where the image's own non-root user is taken.

    `replicas` None: an autoscaler decides. `spread`: copies go to different nodes and zones where there are some.
    `architecture`: the processor that the program needs, as nodes say it; None where every one does.
    """

    component: str
    container: Body
    init: tuple[Body, ...]
    volumes: tuple[Body, ...]
    run_as: int | None
    replicas: int | None
    spread: bool
    annotations: Body
    grace_seconds: int = GRACE_SECONDS
    architecture: str | None = None


def deployment(plan: InstancePlan, workload: Workload, *, after: tuple[tuple[str, str], ...]) -> Manifest:
    """The Deployment of a component. A roll starts the new copy first, and gives up before the plugin stops waiting."""
    component = workload.component
    body = head(plan, "apps/v1", "Deployment", component, component=component, awaited=True)
    spec: Body = {
        "selector": {"matchLabels": selector(plan, component)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "progressDeadlineSeconds": AWAIT_SECONDS - 30,
        "revisionHistoryLimit": 3,
        "template": {
            "metadata": {"labels": labels(plan, component)}
            | ({"annotations": dict(workload.annotations)} if workload.annotations else {}),
            "spec": _pod(plan, workload),
        },
    }
    if workload.replicas is not None:
        spec["replicas"] = workload.replicas
    body["spec"] = spec
    return Manifest(logical=component, component=component, body=body, after=(NAMESPACE, *after))


def _pod(plan: InstancePlan, workload: Workload) -> Body:
    security: Body = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    if workload.run_as is not None:
        security |= {
            "runAsUser": workload.run_as,
            "runAsGroup": workload.run_as,
            "fsGroup": workload.run_as,
            "fsGroupChangePolicy": "OnRootMismatch",
        }
    pod: Body = {
        "serviceAccountName": "workload",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": security,
        "terminationGracePeriodSeconds": workload.grace_seconds,
        "containers": [workload.container],
        "volumes": [*workload.volumes, {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
    }
    if workload.architecture is not None:
        pod["nodeSelector"] = {"kubernetes.io/arch": workload.architecture}
    if workload.init:
        pod["initContainers"] = list(workload.init)
    if workload.spread:
        pod["topologySpreadConstraints"] = [
            {
                "maxSkew": 1,
                "topologyKey": key,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": selector(plan, workload.component)},
                "matchLabelKeys": ["pod-template-hash"],
            }
            for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ]
    return pod


def container(
    name: str,
    image: str,
    resources: Resources,
    *,
    command: tuple[str, ...],
    env: list[Body],
    mounts: list[Body],
    working_dir: str | None = None,
    read_only_root: bool = True,
) -> Body:
    """A container without privileges that serves HTTP on PORT."""
    out: Body = {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": env,
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": container_resources(resources),
        "securityContext": unprivileged(read_only_root=read_only_root),
        "volumeMounts": [*mounts, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - inside the pod, its own volume
        # Proxies hear a moment late that a pod is ending: requests that still come are served.
        "lifecycle": {"preStop": {"sleep": {"seconds": _DRAIN_SECONDS}}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    if command:
        out["command"] = list(command)
    if working_dir is not None:
        out["workingDir"] = working_dir
    return out


def probes(path: str | None, *, startup_seconds: int = STARTUP_SECONDS) -> Body:
    """Startup, readiness and liveness: by HTTP where the service has a health path, else by connecting."""
    ask: Body = {"tcpSocket": {"port": PORT}}
    if path is not None:
        ask = {"httpGet": {"path": path, "port": PORT, "scheme": "HTTP"}}
    return {
        "startupProbe": ask | {"periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": startup_seconds},
        "readinessProbe": ask | {"periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": 3},
        "livenessProbe": ask | {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
    }


def unpacking(
    source: Manifest, packed: Packed, image: str, python: str, resources: Resources
) -> tuple[Body, list[Body]]:
    """The init container that unpacks the sources of a ConfigMap, and the pod's volumes for it."""
    where = ["--url", packed.url] if packed.url is not None else ["--archive", f"{PROGRAMS}/{ARCHIVE}"]
    init: Body = {
        "name": "unpack",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [
            python,
            "-I",
            f"{PROGRAMS}/{UNPACK}",
            *where,
            "--digest",
            packed.ref.digest,
            "--into",
            APP,
            "--max-files",
            str(packed.ref.files),
            "--max-bytes",
            str(packed.ref.size),
        ],
        "resources": container_resources(resources),
        "securityContext": unprivileged(read_only_root=True),
        "volumeMounts": [
            {"name": "app", "mountPath": APP},
            {"name": "programs", "mountPath": PROGRAMS, "readOnly": True},
        ],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    volumes: list[Body] = [
        {"name": "app", "emptyDir": {"sizeLimit": volume_size(packed.ref.size, packed.ref.files)}},
        {"name": "programs", "configMap": {"name": source.name, "defaultMode": 0o444}},
    ]
    return init, volumes


def unprivileged(*, read_only_root: bool) -> Body:
    """The security context that Pod Security `restricted` asks of every container."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": read_only_root,
    }
