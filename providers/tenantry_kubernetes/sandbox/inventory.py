"""What the cluster holds of one instance, whatever its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tenantry_kubernetes.client.kinds import Kind
from tenantry_kubernetes.client.kubeconfig import load
from tenantry_kubernetes.client.requests import Request
from tenantry_kubernetes.client.sync import Kubernetes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LABEL: Final = "tenantry.dev/instance"
_UNINTERESTING: Final = frozenset({"Event", "ComponentStatus"})


def instance_objects(kubeconfig: Path, instance: str) -> list[str]:
    """Every object that has the instance's label, or lies in a namespace that has it, as `resource namespace/name`."""
    with Kubernetes(load(str(kubeconfig))) as cluster:
        namespaces = cluster.list_objects(cluster.resolve("v1", "Namespace"), labels=f"{LABEL}={instance}")
        names = {each["metadata"]["name"] for each in namespaces}
        found = {f"namespaces {name}" for name in names}
        for kind in _kinds(cluster):
            for each in cluster.list_objects(kind):
                metadata = each["metadata"]
                labelled = (metadata.get("labels") or {}).get(LABEL) == instance
                # A volume lies in no namespace; the claim that it was made for does.
                claimed = ((each.get("spec") or {}).get("claimRef") or {}).get("namespace")
                if labelled or metadata.get("namespace") in names or (claimed and claimed in names):
                    found.add(f"{kind.plural} {metadata.get('namespace', '')}/{metadata['name']}".replace(" /", " "))
    return sorted(found)


def _kinds(cluster: Kubernetes) -> Iterator[Kind]:
    groups: dict[str, Any] = cluster.send(Request(method="GET", path="/apis"))
    versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups["groups"])]
    for version in versions:
        path = "/api/v1" if version == "v1" else f"/apis/{version}"
        group, _, number = version.rpartition("/")
        for each in cluster.send(Request(method="GET", path=path))["resources"]:
            if "/" not in each["name"] and "list" in each["verbs"] and each["kind"] not in _UNINTERESTING:
                yield Kind(group, number, each["kind"], each["name"], bool(each["namespaced"]))
