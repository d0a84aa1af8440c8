"""Kinds of the Kubernetes API and their REST paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind in one version of one API group. `group` is empty for the core group."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As objects carry it: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The REST path of the collection, of one object, or of its subresource.

        Without `namespace` the path of a namespaced kind covers all namespaces. Raises ValueError where a name is given
        without the namespace that it needs, or is empty.
        """
        parts = [group_path(self.api_version)]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", _segment(namespace)]
        parts.append(self.plural)
        if name is not None:
            if self.namespaced and namespace is None:
                raise ValueError(f"{self.kind} {name} needs a namespace")
            parts.append(_segment(name))
        if subresource is not None:
            parts.append(subresource)
        return "/".join(parts)


def group_path(api_version: str) -> str:
    """The REST path of a group and version."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _segment(text: str) -> str:
    if not text or text in {".", ".."}:
        raise ValueError(f"{text!r} is not a name")
    return quote(text, safe="")


_CORE: Final = {
    "ConfigMap": "configmaps",
    "Endpoints": "endpoints",
    "Event": "events",
    "LimitRange": "limitranges",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "Pod": "pods",
    "ReplicationController": "replicationcontrollers",
    "ResourceQuota": "resourcequotas",
    "Secret": "secrets",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
}
_GROUPS: Final[dict[str, dict[str, str]]] = {
    "apps/v1": {
        "DaemonSet": "daemonsets",
        "Deployment": "deployments",
        "ReplicaSet": "replicasets",
        "StatefulSet": "statefulsets",
    },
    "autoscaling/v2": {"HorizontalPodAutoscaler": "horizontalpodautoscalers"},
    "batch/v1": {"CronJob": "cronjobs", "Job": "jobs"},
    "coordination.k8s.io/v1": {"Lease": "leases"},
    "discovery.k8s.io/v1": {"EndpointSlice": "endpointslices"},
    "networking.k8s.io/v1": {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"},
    "policy/v1": {"PodDisruptionBudget": "poddisruptionbudgets"},
    "rbac.authorization.k8s.io/v1": {"Role": "roles", "RoleBinding": "rolebindings"},
}
_CLUSTER: Final[dict[str, dict[str, str]]] = {
    "v1": {"Namespace": "namespaces", "Node": "nodes", "PersistentVolume": "persistentvolumes"},
    "apiextensions.k8s.io/v1": {"CustomResourceDefinition": "customresourcedefinitions"},
    "networking.k8s.io/v1": {"IngressClass": "ingressclasses"},
    "rbac.authorization.k8s.io/v1": {"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings"},
    "storage.k8s.io/v1": {"StorageClass": "storageclasses"},
}


def _built_in() -> dict[tuple[str, str], Kind]:
    table: dict[tuple[str, str], Kind] = {}
    for namespaced, groups in ((True, {"v1": _CORE} | _GROUPS), (False, _CLUSTER)):
        for api_version, plurals in groups.items():
            group, _, version = api_version.rpartition("/")
            for kind, plural in plurals.items():
                table[api_version, kind] = Kind(group, version, kind, plural, namespaced)
    return table


BUILT_IN: Final = _built_in()
"""Stable kinds that every supported server serves, by (apiVersion, kind): they need no discovery request."""
