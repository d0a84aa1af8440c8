"""From a container's description to what is started for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.sandbox.node import images
from tenantry_kubernetes.sandbox.node.environment import container_environment, expand, local_address
from tenantry_kubernetes.sandbox.node.mounts import container_mounts
from tenantry_kubernetes.sandbox.node.names import local_names
from tenantry_kubernetes.sandbox.node.probes import port_target
from tenantry_kubernetes.sandbox.node.scratch import scratch
from tenantry_vendor.sandbox.files import private_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.sandbox.layout import Layout
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
    stop_signal: str


def make(container: Object, sources: Sources, *, folder: Path, volumes: Mapping[str, Path], layout: Layout) -> Made:
    """Resolves image, variables, mounts and command. Raises ConfigError and ImageError."""
    image = images.find_image(container["image"], sources.pod)
    images.check_user(image, container, sources.pod)
    executables = images.prepare(image, layout)
    own = {name: private_folder(folder / name) for name in ("root", "home", "tmp")}
    given = dict(image.variables) | container_environment(container, sources)
    mounts = container_mounts(container, volumes, own["root"], given)
    mounts = mounts.with_defaults({_IMAGE_FOLDER: executables, "/tmp": own["tmp"]})  # noqa: S108 - as containers see it

    def rewrite(text: str) -> str:
        return local_names(mounts.rewrite(text))

    environment = {
        "PATH": f"{executables}:{_SYSTEM_FOLDERS}",
        "HOME": str(own["home"]),
        "TMPDIR": str(mounts.local("/tmp")),  # noqa: S108 - as containers see it
        "LANG": "C.UTF-8",
        "HOSTNAME": sources.pod["metadata"]["name"],
    } | {name: rewrite(local_address(value, sources.ports)) for name, value in given.items()}
    uid = sources.pod["metadata"].get("uid", "")
    place = images.Place(ports=sources.ports, local=mounts.local, scratch=lambda: scratch(uid))
    environment |= image.private(place)
    cwd = mounts.local(container.get("workingDir") or "/")
    cwd.mkdir(parents=True, exist_ok=True)
    target = replace(
        port_target(container, sources.ports),
        command=lambda command: [rewrite(part) for part in command],
        cwd=cwd,
        environment=environment,
    )
    command = [rewrite(expand(part, given)) for part in image.line(container)]
    return Made(command=command, cwd=cwd, environment=environment, target=target, stop_signal=image.stop_signal)
