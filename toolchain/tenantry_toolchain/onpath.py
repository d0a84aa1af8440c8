"""Programs that the machine already has."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tenantry_toolchain import folders


def which(name: str) -> Path | None:
    """The program on PATH, passing over our own cache: `tenantry env` puts it there, but it is looked up by hash."""
    own = folders.root().resolve()
    for entry in os.get_exec_path():
        folder = Path(entry or ".")
        if folder.resolve().is_relative_to(own):
            continue
        found = shutil.which(name, path=str(folder))
        if found:
            return Path(found).absolute()
    return None


def beside(program: Path, name: str) -> Path | None:
    """`name` in the folder of `program`, or of the file that it links to."""
    for folder in (program.parent, program.resolve().parent):
        if os.access(folder / name, os.X_OK):
            return folder / name
    return None
