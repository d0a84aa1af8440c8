"""The folders that a template names: real folders inside the template's own, reached without symbolic links."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from tenantry.spec.components import MiniProgram, Service, Site
from tenantry.spec.source import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path as FilePath

    from tenantry.spec.source import Path
    from tenantry.spec.template import AppTemplate


def source_paths(template: AppTemplate) -> dict[str, tuple[str, Path]]:
    """Source key (`api`, or `mini/<dialect>`) -> folder below the template, and its place in the file."""
    found: dict[str, tuple[str, Path]] = {}
    for name, component in template.components.items():
        if isinstance(component, MiniProgram):
            for dialect, folder in component.sources.items():
                found[f"{name}/{dialect}"] = (folder, ("components", name, "sources", dialect))
        elif isinstance(component, Service | Site) and component.source is not None:
            found[name] = (component.source, ("components", name, "source"))
    return found


def check_sources(template: AppTemplate, folder: FilePath) -> Iterator[Finding]:
    """Every folder that is missing, is no folder, or is reached through a symbolic link."""
    yield from _template_file(folder)
    for relative, place in source_paths(template).values():
        current = os.fspath(folder)
        for part in relative.removeprefix("./").rstrip("/").split("/"):
            current = os.path.join(current, part)  # noqa: PTH118 - lstat on plain texts, thousands of times
            try:
                mode = os.lstat(current).st_mode
            except OSError:
                yield Finding(place, f"there is no folder {relative}", "it must stand beside template.yaml")
                break
            if stat.S_ISLNK(mode):
                yield Finding(place, f"{relative} is a symbolic link", "put the folder itself there")
                break
            if not stat.S_ISDIR(mode):
                yield Finding(place, f"{relative} is not a folder")
                break
    yield from _pages(template, folder)


def _template_file(folder: FilePath) -> Iterator[Finding]:
    if (folder / "template.yaml").is_symlink():
        yield Finding((), "template.yaml is a symbolic link", "put the file itself there")


def _pages(template: AppTemplate, folder: FilePath) -> Iterator[Finding]:
    for name, component in template.components.items():
        if not isinstance(component, Site) or not (folder / component.source).is_dir():
            continue
        for field, page in (("index", component.index), ("not_found", component.not_found)):
            if page is not None and not (folder / component.source / page).is_file():
                relative = component.source.removeprefix("./").rstrip("/")
                yield Finding(
                    ("components", name, field), f"there is no file {relative}/{page}", "add it, or name another"
                )
