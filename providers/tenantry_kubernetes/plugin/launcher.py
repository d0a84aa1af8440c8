"""The executable by which an engine finds the stand-in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "pulumi-resource-kubernetes"
"""The file name that the engine looks for."""


def plugin_launcher(folder: Path) -> Path:
    """Writes a launcher that runs the stand-in with the interpreter of this process; returns its path.

    Made at run time, since it names an interpreter of this machine. Isolated mode keeps the user's PYTHONPATH and the
    current folder out of the plugin.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    made = f"#!/bin/sh\nexec '{_quoted(sys.executable)}' -I -m tenantry_kubernetes.plugin \"$@\"\n"
    if not path.is_file() or path.read_text() != made:
        # Beside, then renamed: another process may be starting the old one.
        beside = folder / f".{NAME}.new"
        beside.write_text(made)
        beside.chmod(0o755)
        beside.replace(path)
    return path


def _quoted(path: str) -> str:
    return path.replace("'", "'\\''")
