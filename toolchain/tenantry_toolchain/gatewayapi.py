"""The Gateway API's custom resource definitions (standard channel), out of its pinned Go module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry_toolchain import builder, cache, recipes
from tenantry_toolchain.progress import Progress, quiet

if TYPE_CHECKING:
    from pathlib import Path


def find() -> list[Path] | None:
    """The YAML files in the cache, sorted by name; None where they are not there yet."""
    stored = cache.read(recipes.gateway_api().slot)
    return _files(stored) if stored else None


def crds(progress: Progress = quiet) -> list[Path]:
    """The YAML files, one custom resource definition each, sorted by name. Fetched once; then Go is not needed again.

    Raises:
        PreflightError: they are not in the cache and cannot be fetched.
    """
    return _files(builder.obtain(recipes.gateway_api(), progress))


def _files(stored: cache.Stored) -> list[Path]:
    return sorted((stored.folder / "crds").glob("*.yaml"))
