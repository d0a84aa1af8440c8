"""Absolute paths inside a container, and the local folders that stand for them.

The node has no mount namespaces: a path below a mount is rewritten where the pod names it, in the working folder, the
command, its arguments and the variables. Paths that a program builds by itself are not.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from tenantry_kubernetes.sandbox.node.environment import ConfigError, expand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tenantry_kubernetes.client.requests import Object

# What may stand before a path within a longer text. A word, a dot, a dash or a slash would make it part of another path
# or of a URL.
_BEFORE = r"(?<![\w./\\-])(?<!\])"
_BEHIND = r"(?=/|$|[^\w.-])"


class Mounts:
    """The mounts of one container: absolute path -> local path. `root` stands for every other path."""

    def __init__(self, mounts: Mapping[str, Path], root: Path) -> None:
        self._mounts = {posixpath.normpath(path): local for path, local in mounts.items()}
        self._root = root
        longest = sorted(self._mounts, key=len, reverse=True)
        joined = "|".join(re.escape(path) for path in longest)
        self._pattern = re.compile(f"{_BEFORE}(?:{joined}){_BEHIND}") if longest else None

    def with_defaults(self, defaults: Mapping[str, Path]) -> Mounts:
        """The same mounts, and these where no mount has the path."""
        return Mounts(dict(defaults) | self._mounts, self._root)

    def rewrite(self, text: str) -> str:
        """The text with every path below a mount replaced by its local path."""
        if self._pattern is None or "/" not in text:
            return text
        return self._pattern.sub(lambda match: str(self._mounts[match[0]]), text)

    def local(self, path: str) -> Path:
        """The local path of an absolute path: below its mount, or else below `root`."""
        normal = posixpath.normpath("/" + path.lstrip("/"))
        for mount in sorted(self._mounts, key=len, reverse=True):
            if normal == mount or normal.startswith(mount.rstrip("/") + "/"):
                return self._mounts[mount] / normal[len(mount) :].lstrip("/")
        return self._root / normal.lstrip("/")


def container_mounts(
    container: Object, volumes: Mapping[str, Path], root: Path, variables: Mapping[str, str]
) -> Mounts:
    """The mounts that a container declares. Raises ConfigError for one that leaves its volume."""
    found: dict[str, Path] = {}
    for mount in container.get("volumeMounts") or []:
        sub = mount.get("subPath") or expand(mount.get("subPathExpr") or "", variables)
        if sub.startswith("/") or ".." in sub.split("/"):
            raise ConfigError(f"the subPath {sub!r} leaves the volume {mount['name']}")
        if mount["name"] not in volumes:
            raise ConfigError(f"the volume {mount['name']} does not exist")
        local = volumes[mount["name"]] / sub if sub else volumes[mount["name"]]
        if sub and not local.exists():
            local.mkdir(parents=True)
        found[mount["mountPath"]] = local
    return Mounts(found, root)
