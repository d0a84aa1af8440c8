"""From a container's description to what is started for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.sandbox.node import images
from tenantry_kubernetes.sandbox.node.environment import container_environment, expand
from tenantry_kubernetes.sandbox.node.mounts import container_mounts
from tenantry_kubernetes.sandbox.node.probes import port_target
from tenantry_vendor.sandbox.files import private_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.sandbox.node.environment import Sources
    from tenantry_kubernetes.sandbox.node.probes import Target

_SYSTEM_FOLDERS: Final = "/usr/bin:/bin"
_IMAGE_FOLDER: Final = "/usr/local/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A container ready to be started. `target` is what its probes act on."""

    command: list[str]
    cwd: Path
    environment: dict[str, str]
    target: Target


def make(container: Object, sources: Sources, *, folder: Path, volumes: Mapping[str, Path], image_folder: Path) -> Made:
    """Resolves image, variables, mounts and command. Raises ConfigError and ImageError."""
    image = images.find_image(container["image"], sources.pod)
    images.check_user(image, container, sources.pod)
    executables = images.prepare(image, image_folder)
    own = {name: private_folder(folder / name) for name in ("root", "home", "tmp")}
    given = container_environment(container, sources)
    mounts = container_mounts(container, volumes, own["root"], given)
    mounts = mounts.with_defaults({_IMAGE_FOLDER: executables, "/tmp": own["tmp"]})  # noqa: S108 - as containers see it
    environment = {
        "PATH": f"{executables}:{_SYSTEM_FOLDERS}",
        "HOME": str(own["home"]),
        "TMPDIR": str(mounts.local("/tmp")),  # noqa: S108 - as containers see it
        "LANG": "C.UTF-8",
        "HOSTNAME": sources.pod["metadata"]["name"],
    } | {name: mounts.rewrite(value) for name, value in given.items()}
    cwd = mounts.local(container.get("workingDir") or "/")
    cwd.mkdir(parents=True, exist_ok=True)
    line = [*(container.get("command") or []), *(container.get("args") or [])] or list(image.default_command)
    target = replace(
        port_target(container, sources.ports),
        command=lambda command: [mounts.rewrite(part) for part in command],
        cwd=cwd,
        environment=environment,
    )
    command = [mounts.rewrite(expand(part, given)) for part in line]
    return Made(command=command, cwd=cwd, environment=environment, target=target)
