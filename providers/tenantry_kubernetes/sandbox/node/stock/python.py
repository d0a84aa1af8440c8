"""The stock Python image: a bare virtual environment of the local interpreter, with the standard library alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.sandbox.node.images import PREFIX, SUFFIX, Family, ImageError, StockImage

if TYPE_CHECKING:
    from tenantry_kubernetes.sandbox.layout import Layout

_NAME: Final = "python3.11"


def _image(_version: str) -> StockImage:
    return StockImage(name=_NAME, command=("python3",), prepare=_prepare)


def _prepare(_layout: Layout, home: Path) -> None:
    # A link that leads nowhere: the interpreter behind it is gone.
    if (home / "bin" / _NAME).exists():
        return
    interpreter = find_python(_NAME)
    aside = home.with_name(f".{_NAME}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    made = subprocess.run(
        [interpreter, "-I", "-m", "venv", "--without-pip", "--symlinks", str(aside)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},
    )
    if made.returncode:
        raise ImageError(f"the local {_NAME} cannot stand in for the image: {made.stderr.strip()[-300:]}")
    python = aside / "bin" / _NAME
    if not python.exists():
        python.symlink_to(interpreter)
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


FAMILY: Final = Family(
    pattern=re.compile(rf"{PREFIX}python:3\.11(?:\.\d+)?{SUFFIX}"),
    declared=re.compile(re.escape(_NAME)),
    described="docker.io/library/python:3.11-slim, and any python:3.11 of a mirror",
    make=_image,
)
