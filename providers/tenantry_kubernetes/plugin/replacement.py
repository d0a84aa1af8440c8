"""Which fields cannot change in place. The rules are those of the official plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tenantry_kubernetes.client.requests import Json, Object

Path = tuple[str | int, ...]

_SELECTOR: Final = ("spec.selector",)
_CONTAINER_FIELDS: Final = (
    *("args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe"),
    *("resources", "securityContext", "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy"),
    *("tty", "volumeDevices", "volumeMounts", "workingDir"),
)
_POD_FIELDS: Final = (
    *("affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases"),
    *("hostIPC", "hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeName", "nodeSelector", "overhead"),
    *("preemptionPolicy", "priority", "priorityClassName", "readinessGates", "restartPolicy", "runtimeClassName"),
    *("schedulerName", "securityContext", "serviceAccount", "serviceAccountName", "shareProcessNamespace"),
    *("subdomain", "terminationGracePeriodSeconds", "volumes"),
)
_VOLUME_SOURCES: Final = (
    *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker"),
    *("gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk"),
    *("portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"),
)

_RULES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("apps/v1", "DaemonSet"): _SELECTOR,
    ("apps/v1", "Deployment"): _SELECTOR,
    ("apps/v1", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("batch/v1", "Job"): ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io/v1", "StorageClass"): ("parameters", "provisioner"),
    ("v1", "PersistentVolume"): tuple(f"spec.{source}" for source in _VOLUME_SOURCES),
    ("v1", "PersistentVolumeClaim"): (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeName",
    ),
    ("v1", "Pod"): (
        *(f"spec.{field}" for field in _POD_FIELDS),
        *(f"spec.containers.*.{field}" for field in _CONTAINER_FIELDS),
        *(f"spec.initContainers.*.{field}" for field in _CONTAINER_FIELDS),
    ),
    ("v1", "ResourceQuota"): ("spec.scopes",),
    ("v1", "Secret"): ("type",),
    ("v1", "Service"): ("spec.clusterIP",),
}
_IDENTITY: Final = ("metadata.name", "metadata.namespace")


def rules(inputs: Object, *, config_maps_mutable: bool, secrets_mutable: bool) -> tuple[str, ...]:
    """Dotted paths whose change replaces the object; `*` stands for any list index.

    The content of a ConfigMap or Secret replaces it unless the provider says that they are mutable and the object
    itself does not say `immutable`.
    """
    key = (str(inputs.get("apiVersion")), str(inputs.get("kind")))
    found = (*_IDENTITY, *_RULES.get(key, ()))
    immutable = inputs.get("immutable") is True
    if key == ("v1", "ConfigMap") and (immutable or not config_maps_mutable):
        return (*found, "data", "binaryData")
    if key == ("v1", "Secret") and (immutable or not secrets_mutable):
        return (*found, "data", "stringData")
    return found


def replaces(path: Path, value: Json, rule: str) -> bool:
    """Whether a change of `path` to `value` touches the rule's place: at it, below it, or above it with it inside."""
    steps = rule.split(".")
    for at, step in enumerate(steps):
        if at >= len(path):
            return _contains(value, steps[at:])
        if step != "*" and step != path[at]:
            return False
    return True


def _contains(value: Json, steps: list[str]) -> bool:
    if not steps:
        return True
    if isinstance(value, list):
        return steps[0] == "*" and any(_contains(item, steps[1:]) for item in value)
    return isinstance(value, dict) and steps[0] in value and _contains(value[steps[0]], steps[1:])
