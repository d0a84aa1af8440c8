"""Clears up what only earlier versions of an instance used: ConfigMaps and Secrets by content, and ended tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.access import access
from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.names import namespace_name
from tenantry_kubernetes.tasks import JOB, TASK_LABEL
from tenantry_kubernetes.workloads.manifest import CONTENT_LABEL
from tenantry_kubernetes.workloads.references import referenced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.contract.tasks import SweepRequest
    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.client.sync import Kubernetes

_SWEPT: Final = (BUILT_IN["v1", "ConfigMap"], BUILT_IN["v1", "Secret"])
_USERS: Final = (BUILT_IN["v1", "Pod"], BUILT_IN["apps/v1", "ReplicaSet"], BUILT_IN["apps/v1", "Deployment"])


def sweep(request: SweepRequest, environment: Mapping[str, str]) -> tuple[str, ...]:
    """See `Sweeps`. `keep` has names of ConfigMaps and Secrets. Raises VendorError, PreflightError.

    What a pod, or a ReplicaSet that a Deployment may go back to, refers to stays.
    """
    from tenantry_kubernetes.client.sync import Kubernetes

    namespace = namespace_name(request.instance)
    with Kubernetes(access(request.instance, environment)) as client:
        ended = list(_ended_tasks(client, namespace))
        for job in ended:
            _delete(client, job, namespace)
        # What is to be swept is listed first: what is made meanwhile is not among it.
        candidates = [
            (kind, found)
            for kind in _SWEPT
            for found in client.list_objects(kind, namespace, labels=CONTENT_LABEL)
            if found["metadata"]["name"] not in request.keep
        ]
        if not candidates:
            return tuple(job["metadata"]["name"] for job in ended)
        used = {reference for user in _users(client, namespace) for reference in referenced(user)}
        removed = [job["metadata"]["name"] for job in ended]
        for kind, found in candidates:
            name = found["metadata"]["name"]
            if (kind.kind, name) not in used:
                _delete(client, found | {"kind": kind.kind, "apiVersion": kind.api_version}, namespace)
                removed.append(name)
    return tuple(removed)


def _users(client: Kubernetes, namespace: str) -> Iterator[Object]:
    """The pod specs of everything that runs or may run again."""
    for kind in _USERS:
        for found in client.list_objects(kind, namespace):
            yield found["spec"] if kind.kind == "Pod" else found["spec"]["template"]["spec"]
    for job in client.list_objects(JOB, namespace):
        yield job["spec"]["template"]["spec"]


def _ended_tasks(client: Kubernetes, namespace: str) -> Iterator[Object]:
    for job in client.list_objects(JOB, namespace, labels=TASK_LABEL):
        conditions = (job.get("status") or {}).get("conditions") or []
        if any(each["type"] in {"Complete", "Failed"} and each["status"] == "True" for each in conditions):
            yield job


def _delete(client: Kubernetes, found: Object, namespace: str) -> None:
    metadata = found["metadata"]
    try:
        client.delete(BUILT_IN[found["apiVersion"], found["kind"]], namespace, metadata["name"], uid=metadata["uid"])
    except KubernetesError as error:
        if not error.not_found:
            raise
