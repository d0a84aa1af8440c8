"""Makes an operator's own project: what `tenantry init` writes."""

from __future__ import annotations

import os
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from tenantry.errors import PreflightError

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN: Final = "plugins/pulumi-resource-tenantry"

FILES: Final = {
    "Pulumi.yaml": "Pulumi.yaml",
    "__main__.py": "main.txt",
    PLUGIN: "plugin.txt",
    "tenantry.yaml": "tenantry.yaml",
    ".gitignore": "gitignore.txt",
    "README.md": "README.md",
    "README.zh.md": "README.zh.md",
}
"""File of the project -> the shipped text that it is made from."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def project_name(folder: Path) -> str:
    """A legal project name that resembles the folder's."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.absolute().name).strip("-_.")[:100] or "instances"


def init_project(folder: Path, name: str) -> list[Path]:
    """Writes the project's files; nothing that exists is touched.

    Args:
        folder: the project's root; made where it is missing.
        name: the Pulumi project's name, part of every stack's identity.

    Returns:
        The files, in the order they were written.

    Raises:
        PreflightError: a file of the project exists, the name is not legal, or the folder cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise PreflightError(
            f"{name!r} is not a project name.",
            hint="Use letters, digits, '-', '_' and '.', beginning with a letter or a digit: --name shops",
        )
    found = [file for file in FILES if os.path.lexists(folder / file)]
    if found:
        raise PreflightError(
            f"{folder} already has {', '.join(found)}; nothing was written.",
            hint="Choose an empty folder, or move these files away first.",
        )
    shipped = files("tenantry_ops") / "new_project"
    try:
        (folder / "tenant_configs").mkdir(parents=True, exist_ok=True)
        (folder / "tenant_configs" / ".gitkeep").touch()
        for file, source in FILES.items():
            text = (shipped / source).read_text(encoding="utf-8").replace("NAME", name)
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
        (folder / PLUGIN).chmod(0o755)
    except OSError as error:
        raise PreflightError(
            f"{folder} cannot be written: {error.strerror}.", hint="Choose a folder that you may write."
        ) from error
    return [folder / file for file in FILES]
