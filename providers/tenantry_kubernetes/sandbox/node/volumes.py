"""Volumes of a pod as local files."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.sandbox.node.environment import ConfigError, Sources, field_value, resource_value
from tenantry_vendor.sandbox.files import private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from tenantry_kubernetes.client.requests import Object

_DEFAULT_MODE: Final = 0o644
_FROM_OBJECTS: Final = frozenset({"configMap", "secret", "projected", "downwardAPI"})


@dataclass(frozen=True, slots=True)
class File:
    """One file of a volume: path within it, content, permission bits."""

    path: str
    content: bytes
    mode: int


def volume_files(volume: Object, sources: Sources, token: Callable[[str | None, int], str]) -> list[File] | None:
    """The files that a volume's sources give; None for a folder that only its containers write.

    `token(audience, seconds)` gives a service account's token. Raises ConfigError for what is missing or not supported.
    """
    if "emptyDir" in volume:
        return None
    kind = next((key for key in volume if key in _FROM_OBJECTS), None)
    if kind is None:
        other = ", ".join(key for key in volume if key != "name")
        raise ConfigError(f"the sandbox's node cannot mount volumes of type {other}")
    source = volume[kind]
    mode = int(source.get("defaultMode") or _DEFAULT_MODE)
    parts = (source.get("sources") or []) if kind == "projected" else [{kind: _named(kind, source)}]
    return [file for part in parts for file in _part_files(part, mode, sources, token)]


def _named(kind: str, source: Object) -> Object:
    # A Secret volume says secretName where a projection says name.
    return {**source, "name": source["secretName"]} if kind == "secret" else source


def _part_files(part: Object, mode: int, sources: Sources, token: Callable[[str | None, int], str]) -> Iterable[File]:
    if "configMap" in part:
        return _object_files("ConfigMap", part["configMap"], mode, sources)
    if "secret" in part:
        return _object_files("Secret", part["secret"], mode, sources)
    if "downwardAPI" in part:
        return [_downward_file(item, mode, sources) for item in part["downwardAPI"].get("items") or []]
    if "serviceAccountToken" in part:
        source = part["serviceAccountToken"]
        content = token(source.get("audience"), int(source.get("expirationSeconds") or 3600))
        return [File(source["path"], content.encode(), mode)]
    raise ConfigError(f"the sandbox's node cannot project {', '.join(part)}")


def _object_files(kind: str, source: Object, mode: int, sources: Sources) -> list[File]:
    found = sources.read(kind, source["name"])
    if found is None:
        if source.get("optional"):
            return []
        raise ConfigError(f'{kind.lower()} "{source["name"]}" not found')
    contents = object_contents(kind, found)
    items = source.get("items")
    if not items:
        return [File(key, content, mode) for key, content in contents.items()]
    files = []
    for item in items:
        if item["key"] in contents:
            files.append(File(item["path"], contents[item["key"]], int(item.get("mode") or mode)))
        elif not source.get("optional"):
            raise ConfigError(f"references non-existent {kind.lower()} key: {item['key']}")
    return files


def object_contents(kind: str, each: Object) -> dict[str, bytes]:
    """Key -> bytes of a ConfigMap (text and binary) or a Secret."""
    data: Mapping[str, str] = each.get("data") or {}
    if kind == "Secret":
        return {key: base64.b64decode(value) for key, value in data.items()}
    binary: Mapping[str, str] = each.get("binaryData") or {}
    return {key: value.encode() for key, value in data.items()} | {
        key: base64.b64decode(value) for key, value in binary.items()
    }


def _downward_file(item: Object, mode: int, sources: Sources) -> File:
    if "fieldRef" in item:
        text = field_value(item["fieldRef"]["fieldPath"], sources.pod, sources.facts)
    else:
        text = resource_value(item["resourceFieldRef"], {}, sources)
    return File(item["path"], text.encode(), int(item.get("mode") or mode))


def materialise(folder: Path, files: list[File] | None) -> None:
    """Makes the folder hold exactly these files; only what differs is written. None leaves its contents alone."""
    private_folder(folder)
    if files is None:
        return
    wanted: dict[Path, File] = {}
    for file in files:
        if file.path.startswith("/") or ".." in file.path.split("/"):
            raise ConfigError(f"the path {file.path!r} leaves its volume")
        wanted[folder / file.path] = file
    for place, _, names in os.walk(folder):
        for name in names:
            path = folder / place / name
            if path not in wanted:
                path.unlink()
    for path, file in wanted.items():
        if not path.exists() or path.read_bytes() != file.content:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, file.content, mode=file.mode)
