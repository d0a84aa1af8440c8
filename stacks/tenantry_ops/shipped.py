"""The templates that come with the installed package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from tenantry.errors import PreflightError


def shipped_templates() -> Path:
    """The folder of the shipped templates: in the wheel beside the core, in a checkout at its root.

    Raises PreflightError where neither is there.
    """
    package = Path(str(files("tenantry")))
    for folder in (package / "shipped_templates", package.parents[1] / "templates"):
        if folder.is_dir():
            return folder
    raise PreflightError(
        "The installed package has no templates.", hint="Repair it: pip install --force-reinstall tenantry"
    )
