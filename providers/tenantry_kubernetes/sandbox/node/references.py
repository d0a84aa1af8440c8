"""Which ConfigMaps and Secrets a pod refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry_kubernetes.client.requests import Object

_IN_VARIABLES = (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef"))
_IN_SOURCES = (("ConfigMap", "configMapRef"), ("Secret", "secretRef"))


def variable_references(container: Object) -> set[tuple[str, str]]:
    """Pairs of kind and name behind a container's variables."""
    found: set[tuple[str, str]] = set()
    for entry in container.get("env") or []:
        source = entry.get("valueFrom") or {}
        found |= {(kind, source[key]["name"]) for kind, key in _IN_VARIABLES if key in source}
    for source in container.get("envFrom") or []:
        found |= {(kind, source[key]["name"]) for kind, key in _IN_SOURCES if key in source}
    return found


def volume_references(pod: Object) -> set[tuple[str, str]]:
    """Pairs of kind and name behind a pod's volumes."""
    return {pair for volume in pod["spec"].get("volumes") or [] for pair in _of_volume(volume)}


def _of_volume(volume: Object) -> Iterator[tuple[str, str]]:
    parts = [volume, *((volume.get("projected") or {}).get("sources") or [])]
    for part in parts:
        if "configMap" in part:
            yield "ConfigMap", part["configMap"]["name"]
        if "secret" in part:
            yield "Secret", part["secret"].get("secretName") or part["secret"]["name"]


def token_requests(pod: Object) -> set[tuple[str | None, int]]:
    """Pairs of audience and seconds of the service account tokens that a pod's volumes hold."""
    return {
        (part["serviceAccountToken"].get("audience"), int(part["serviceAccountToken"].get("expirationSeconds") or 3600))
        for volume in pod["spec"].get("volumes") or []
        for part in (volume.get("projected") or {}).get("sources") or []
        if "serviceAccountToken" in part
    }
