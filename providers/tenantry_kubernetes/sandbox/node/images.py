"""The stock images that the sandbox can stand in for, and the check of their users."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.sandbox.layout import IMAGES_ANNOTATION
from tenantry_kubernetes.sandbox.node.environment import ConfigError

if TYPE_CHECKING:
    from tenantry_kubernetes.client.requests import Object


# Containers are made in several threads.
_PREPARING: Final = threading.Lock()


class ImageError(Exception):
    """An image that the sandbox has no stand-in for; the text goes into the pod's status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockImage:
    """An image by what the sandbox needs of it. `user` is the user that its configuration names, 0 for root."""

    name: str
    pattern: re.Pattern[str]
    described: str
    default_command: tuple[str, ...]
    user: int


STOCK: Final = (
    StockImage(
        name="python3.11",
        pattern=re.compile(r"(?:[\w.:-]+/)*python:3\.11(?:\.\d+)?(?:-[\w.-]+)?(?:@sha256:[0-9a-f]{64})?"),
        described="docker.io/library/python:3.11-slim, and any python:3.11 of a mirror",
        default_command=("python3",),
        user=0,
    ),
)
"""Images whose contents the local machine can stand in for."""


def find_image(reference: str, pod: Object) -> StockImage:
    """The stock image behind a container's `image`. Raises ImageError."""
    declared = _declared(pod).get(reference)
    for image in STOCK:
        if image.name == declared or (declared is None and image.pattern.fullmatch(reference)):
            return image
    known = "; ".join(image.described for image in STOCK)
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


def prepare(image: StockImage, folder: Path) -> Path:
    """The folder of the image's executables, made where it is missing. Raises ImageError.

    For Python it is a bare virtual environment: the standard library and nothing else, as in the stock image.
    """
    home = folder / image.name
    with _PREPARING:
        if not (home / "bin" / image.name).exists():
            _make_python(image.name, home)
    return home / "bin"


def _make_python(name: str, home: Path) -> None:
    interpreter = find_python(name)
    aside = home.with_name(f".{name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    made = subprocess.run(
        [interpreter, "-I", "-m", "venv", "--without-pip", "--symlinks", str(aside)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},
    )
    if made.returncode:
        raise ImageError(f"the local {name} cannot stand in for the image: {made.stderr.strip()[-300:]}")
    python = aside / "bin" / name
    if not python.exists():
        python.symlink_to(interpreter)
    # An old one points to an interpreter that is no longer there.
    shutil.rmtree(home, ignore_errors=True)
    aside.rename(home)


def find_python(name: str) -> str:
    """Path of an interpreter of this version (`python3.11`). Raises ImageError."""
    version = tuple(int(part) for part in name.removeprefix("python").split("."))
    own = Path(getattr(sys, "_base_executable", sys.executable))
    if sys.version_info[:2] == version and own.exists():
        return str(own)
    for folder in ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin", str(Path(sys.executable).parent)):
        candidate = Path(folder) / name
        if candidate.exists():
            return str(candidate)
    raise ImageError(f"this machine has no {name}, which stands in for the image: install it, then start the pod again")
