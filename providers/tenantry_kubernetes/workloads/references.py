"""Which ConfigMaps and Secrets a pod uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any


def referenced(pod: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Pairs of kind and name that a pod's spec mounts or takes variables from."""
    found = set(_volumes(pod))
    for container in [*(pod.get("initContainers") or []), *(pod.get("containers") or [])]:
        for variable in container.get("env") or []:
            source = variable.get("valueFrom") or {}
            found |= set(_named(source.get("configMapKeyRef"), source.get("secretKeyRef")))
        for group in container.get("envFrom") or []:
            found |= set(_named(group.get("configMapRef"), group.get("secretRef")))
    return found


def _volumes(pod: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for volume in pod.get("volumes") or []:
        if "secret" in volume:
            yield "Secret", volume["secret"]["secretName"]
        yield from _named(volume.get("configMap"), None)
        for source in (volume.get("projected") or {}).get("sources") or []:
            yield from _named(source.get("configMap"), source.get("secret"))


def _named(config_map: Mapping[str, Any] | None, secret: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if config_map and config_map.get("name"):
        yield "ConfigMap", config_map["name"]
    if secret and secret.get("name"):
        yield "Secret", secret["name"]
