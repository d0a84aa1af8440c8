"""Overlays: the files of one tenant that are laid over a template's sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.catalogue.tree import read_tree
from tenantry.errors import CatalogueError
from tenantry.spec.plan import OverlayPlan

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry.spec.tenant import OverlaySpec


def read_overlay(spec: OverlaySpec, project: Path) -> OverlayPlan:
    """Digest and base of an overlay. Raises CatalogueError where its folder is missing or holds what it must not."""
    folder = project / spec.path
    if not folder.is_dir():
        raise CatalogueError(f"there is no overlay at {folder}", hint="set overlay.path to a folder of the project")
    root = project.resolve()
    if not folder.resolve().is_relative_to(root):
        raise CatalogueError(f"the overlay {folder} leaves the project", hint="put its files into the project")
    return OverlayPlan(digest=read_tree(folder).digest, base=spec.base)
