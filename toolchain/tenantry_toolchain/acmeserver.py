"""pebble, an ACME server for tests: built from its pinned module when a test asks for it, and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry_toolchain import builder, recipes
from tenantry_toolchain.progress import Progress, quiet

if TYPE_CHECKING:
    from pathlib import Path


def ensure(progress: Progress = quiet) -> Path:
    """Path of the program; built where it is not there yet.

    Raises:
        PreflightError: it is not there and cannot be built.
    """
    return builder.obtain(recipes.pebble(), progress).folder / "bin" / "pebble"
