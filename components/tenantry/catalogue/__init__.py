"""The catalogue: where template versions come from, and proof that a released one never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenantry.catalogue.catalogue import Catalogue, TemplateVersion
    from tenantry.catalogue.delivery import PackedSource
    from tenantry.catalogue.overlay import read_overlay
    from tenantry.catalogue.platforms import Platform
    from tenantry.catalogue.tree import FileEntry, SourceTree, read_tree

__all__ = [
    "Catalogue",
    "FileEntry",
    "PackedSource",
    "Platform",
    "SourceTree",
    "TemplateVersion",
    "read_overlay",
    "read_tree",
]

_HOMES = {
    "Catalogue": "catalogue",
    "FileEntry": "tree",
    "PackedSource": "delivery",
    "Platform": "platforms",
    "SourceTree": "tree",
    "TemplateVersion": "catalogue",
    "read_overlay": "overlay",
    "read_tree": "tree",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
