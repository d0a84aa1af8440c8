"""Credentials for the sandbox that may do what a list of permissions says, and nothing else."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

from tenantry.errors import SandboxError
from tenantry_kubernetes.client.kinds import Kind
from tenantry_kubernetes.client.kubeconfig import load
from tenantry_kubernetes.client.sync import Kubernetes
from tenantry_kubernetes.permissions import cluster_role, parts_of
from tenantry_kubernetes.sandbox.credentials import write_limited

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tenantry.contract.runtime import Permission
    from tenantry_kubernetes.sandbox.layout import Layout

_GROUP: Final = "rbac.authorization.k8s.io"
_ROLE: Final = Kind(_GROUP, "v1", "ClusterRole", "clusterroles", namespaced=False)
_BINDING: Final = Kind(_GROUP, "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False)
_REVIEW: Final = Kind("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", namespaced=False)
_NAME: Final = re.compile(r"[a-z](-?[a-z0-9])*")
_PATIENCE: Final = 20.0
_PAUSE: Final = 0.1


def limited_kubeconfig(layout: Layout, name: str, permissions: Sequence[Permission]) -> Path:
    """The kubeconfig of a user who may do this, and nothing else. Raises SandboxError."""
    if not _NAME.fullmatch(name):
        raise SandboxError(f"{name!r} is no name for a user.", hint="Use lower-case letters, digits and -.")
    user = f"limited-{name}"
    path = write_limited(layout, user)
    with Kubernetes(load(str(layout.kubeconfig))) as cluster:
        cluster.apply(_ROLE, None, user, cluster_role(permissions, user), force=True)
        cluster.apply(_BINDING, None, user, _binding(user), force=True)
        # Roles take hold a moment after they were written.
        end = time.monotonic() + _PATIENCE
        for permission in permissions:
            while not _may(cluster, user, permission):
                if time.monotonic() > end:
                    raise SandboxError(
                        f"The API server did not grant {permission.action} {permission.resource} to {user}.",
                        hint="Look at the API server: tenantry sandbox logs kubernetes --service kube-apiserver",
                    )
                time.sleep(_PAUSE)
    return path


def _binding(user: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": _BINDING.kind,
        "metadata": {"name": user},
        "roleRef": {"apiGroup": _GROUP, "kind": _ROLE.kind, "name": user},
        "subjects": [{"apiGroup": _GROUP, "kind": "User", "name": user}],
    }


def _may(cluster: Kubernetes, user: str, permission: Permission) -> bool:
    group, path, name = parts_of(permission.resource)
    resource, _, inner = path.partition("/")
    asked = {"verb": permission.action, "resource": resource, "subresource": inner, "group": group, "name": name}
    body = {
        "apiVersion": _REVIEW.api_version,
        "kind": _REVIEW.kind,
        "spec": {"user": user, "resourceAttributes": {key: value for key, value in asked.items() if value}},
    }
    return bool(cluster.create(_REVIEW, None, body)["status"]["allowed"])
