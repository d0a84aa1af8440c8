"""The stock images that the sandbox can stand in for, and the check of their users."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.sandbox.layout import IMAGES_ANNOTATION
from tenantry_kubernetes.sandbox.node.environment import ConfigError

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.sandbox.layout import Layout

# Containers are made in several threads.
_PREPARING: Final = threading.Lock()

PREFIX: Final = r"(?:[\w.:-]+/)*"
"""Registry and folders of an image's name: a mirror's image is the same image."""

SUFFIX: Final = r"(?:-[\w.-]+)?(?:@sha256:[0-9a-f]{64})?"
"""What may follow a version in an image's tag."""


class ImageError(Exception):
    """An image that the sandbox has no stand-in for; the text goes into the pod's status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one container is.

    `ports`: container port -> port on 127.0.0.1. `local`: a path in it -> the local path. `scratch` makes a private
    folder with a short path, for sockets, whose paths are limited; it goes with the pod. It raises SandboxError.
    """

    ports: Mapping[int, int]
    local: Callable[[str], Path]
    scratch: Callable[[], Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class StockImage:
    """An image by what the sandbox needs of it.

    `entrypoint`, `command`, `user` (0 for root), `variables` and `stop_signal` are those of the image's configuration.
    `prepare(layout, folder)` makes the folder `bin` of its executables below an empty folder; it raises ImageError.
    `private(place)` gives variables of the stand-in's own.
    """

    name: str
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...]
    user: int = 0
    variables: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = "SIGTERM"
    prepare: Callable[[Layout, Path], None]
    private: Callable[[Place], Mapping[str, str]] = field(default=lambda _place: {})

    def line(self, container: Object) -> list[str]:
        """The command line of a container of this image, before anything in it is replaced."""
        command, args = container.get("command") or [], container.get("args") or []
        if command:
            return [*command, *args]
        return [*self.entrypoint, *(args or self.command)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Images that differ by version only. `pattern` and `declared` have at most one group: the version."""

    pattern: re.Pattern[str]
    declared: re.Pattern[str]
    described: str
    make: Callable[[str], StockImage]


def find_image(reference: str, pod: Object) -> StockImage:
    """The stock image behind a container's `image`. Raises ImageError."""
    from tenantry_kubernetes.sandbox.node.stock import FAMILIES

    declared = _declared(pod).get(reference)
    for family in FAMILIES:
        match = family.pattern.fullmatch(reference) if declared is None else family.declared.fullmatch(declared)
        if match is not None:
            return family.make(match[1] if match.lastindex else "")
    known = "; ".join(family.described for family in FAMILIES)
    raise ImageError(
        f'the sandbox cannot run the image "{reference}": it runs containers as local processes and knows only '
        f"{known}. Deploy packed sources with such a runtime, or use a real cluster"
    )


def _declared(pod: Object) -> dict[str, str]:
    text = (pod["metadata"].get("annotations") or {}).get(IMAGES_ANNOTATION)
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ImageError(f"the pod's annotation {IMAGES_ANNOTATION} is not a JSON object")
    return {str(key): str(value) for key, value in found.items()}


def check_user(image: StockImage, container: Object, pod: Object) -> None:
    """Refuses what a kubelet refuses: a container that must not run as root and would. Raises ConfigError."""
    own = container.get("securityContext") or {}
    shared = pod["spec"].get("securityContext") or {}
    must_not = own.get("runAsNonRoot", shared.get("runAsNonRoot"))
    user = own.get("runAsUser", shared.get("runAsUser"))
    if must_not and user is None and image.user == 0:
        raise ConfigError("container has runAsNonRoot and image will run as root")
    if must_not and user == 0:
        raise ConfigError("container's runAsUser breaks non-root policy")


def prepare(image: StockImage, layout: Layout) -> Path:
    """The folder of the image's executables, made where it is missing. Raises ImageError."""
    home = layout.images / image.name
    with _PREPARING:
        image.prepare(layout, home)
    return home / "bin"
