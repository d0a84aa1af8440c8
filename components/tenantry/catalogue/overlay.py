"""Overlays: the files of one tenant that are laid over a template's sources, checked three ways.

An overlay is a folder with the same paths as the template's own: what it holds is added or replaces. `overlay.yaml` at
its top may take files away:

```yaml
spec: tenantry/v1
kind: Overlay
remove: [web/old.css]
```
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tenantry.catalogue.tree import SourceTree, read_tree
from tenantry.errors import CatalogueError, SpecError
from tenantry.spec.plan import OverlayPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tenantry.catalogue.catalogue import TemplateVersion
    from tenantry.catalogue.scan import FileEntry
    from tenantry.spec.tenant import OverlaySpec

OVERLAY_FILE: Final = "overlay.yaml"
_TEMPLATE_FILE: Final = "template.yaml"
_MOST_SHOWN: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """A tenant's overlay: what a plan carries of it, its files, and the paths that it takes away."""

    plan: OverlayPlan
    tree: SourceTree
    removed: tuple[str, ...] = ()


def read_overlay(spec: OverlaySpec, project: Path) -> Overlay:
    """The overlay of a tenant file.

    Raises CatalogueError where its folder is missing or holds what it must not, SpecError where `overlay.yaml` is
    wrong.
    """
    return overlay_at(project / spec.path, spec.base, project)


def overlay_at(folder: Path, base: str, project: Path) -> Overlay:
    """The overlay in a folder of the project, made for the version `base`. Raises as `read_overlay`."""
    if not folder.is_dir():
        raise _error(f"there is no overlay at {folder}", "set overlay.path to a folder of the project")
    if not folder.resolve().is_relative_to(project.resolve()):
        raise _error(f"the overlay {folder} leaves the project", "put its files into the project")
    whole = read_tree(folder)
    files = tuple(entry for entry in whole.files if entry.path != OVERLAY_FILE)
    removed = _removed(folder / OVERLAY_FILE) if len(files) < len(whole.files) else ()
    if not files and not removed:
        raise _error(f"the overlay {folder} changes nothing", "put files into it, or remove `overlay`")
    both = sorted({entry.path for entry in files} & set(removed))
    if both:
        raise _error(f"the overlay {folder} both holds and removes {', '.join(both)}", "do one of the two")
    return Overlay(plan=OverlayPlan(digest=whole.digest, base=base), tree=replace(whole, files=files), removed=removed)


def lay_over(version: TemplateVersion, overlay: Overlay, base: TemplateVersion) -> TemplateVersion:
    """The version with the overlay's files in place.

    Args:
        version: what the tenant runs.
        overlay: the tenant's changes.
        base: the version that they were made for; the same one where no upgrade came between.

    Raises CatalogueError that names every file that the template changed under the overlay, or that no source holds.
    """
    from tenantry.spec.check_sources import source_paths
    from tenantry.spec.components import Site

    folders = {
        key: place[0].removeprefix("./").rstrip("/") + "/" for key, place in source_paths(version.template).items()
    }
    _check_places(version, overlay, folders.values())
    tree = laid(version.tree, overlay, base)
    sources = {key: tree.part(folder) for key, folder in folders.items()}
    for name, component in version.template.components.items():
        if isinstance(component, Site):
            paths = {entry.path for entry in sources[name].files}
            gone = [page for page in (component.index, component.not_found) if page is not None and page not in paths]
            if gone:
                raise _error(f"the overlay takes {', '.join(gone)} away from the site {name}", "keep these pages")
    return replace(version, tree=tree, sources=sources)


def laid(tree: SourceTree, overlay: Overlay, base: TemplateVersion | SourceTree) -> SourceTree:
    """The tree with the overlay's files in place. Raises CatalogueError that names every conflict."""
    before = base if isinstance(base, SourceTree) else base.tree
    conflicts = list(_conflicts(_by_path(before), overlay, _by_path(tree)))
    if conflicts:
        shown = "\n".join(f"  {conflict}" for conflict in conflicts[:_MOST_SHOWN])
        raise _error(
            f"the overlay {overlay.tree.root} was made for {overlay.plan.base} and does not fit the version that the "
            f"tenant file names:\n{shown}",
            f"compare {before.root} with {tree.root}, bring these files of the overlay up to date, and set "
            "overlay.base to the version that the tenant file names",
        )
    files = {entry.path: entry for entry in tree.files if entry.path not in overlay.removed}
    files |= {entry.path: entry for entry in overlay.tree.files}
    _check_folders(files, overlay)
    return replace(
        tree,
        files=tuple(files[path] for path in sorted(files, key=str.encode)),
        upper=overlay.tree.root,
        upper_paths=frozenset(entry.path for entry in overlay.tree.files),
    )


def _conflicts(base: dict[str, FileEntry], overlay: Overlay, new: dict[str, FileEntry]) -> Iterator[str]:
    """One line for every file where the overlay and the template both went on from the base, in different ways."""
    for entry in overlay.tree.files:
        path, was, now = entry.path, base.get(entry.path), new.get(entry.path)
        if _same(now, was) or _same(now, entry):
            continue
        if was is None:
            yield f"{path}: the overlay adds it, and so does the template, with other content"
        elif now is None:
            yield f"{path}: the overlay replaces it, and the template no longer has it"
        else:
            yield f"{path}: the overlay replaces it, and the template changed it"
    for path in overlay.removed:
        was, now = base.get(path), new.get(path)
        if was is None and now is None:
            yield f"{path}: the overlay removes it, and neither version has it"
        elif now is not None and not _same(now, was):
            yield f"{path}: the overlay removes it, and the template changed it"


def _same(one: FileEntry | None, other: FileEntry | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.sha256, one.executable) == (other.sha256, other.executable)


def _check_places(version: TemplateVersion, overlay: Overlay, folders: Iterable[str]) -> None:
    known = tuple(folders)
    lost = [path for path in _paths(overlay) if not path.startswith(known)]
    if _TEMPLATE_FILE in lost:
        raise _error(
            f"the overlay {overlay.tree.root} changes {_TEMPLATE_FILE}; overlays change sources only",
            "set parameters and overrides in the tenant file, or make a version of the template",
        )
    if lost:
        raise _error(
            f"the overlay {overlay.tree.root} changes what no component of {version.ref} has as its source: "
            f"{', '.join(sorted(lost)[:_MOST_SHOWN])}",
            f"its sources are {', '.join(sorted(set(known)))}",
        )


def _check_folders(files: dict[str, FileEntry], overlay: Overlay) -> None:
    folders = {path[:place] for path in files for place, character in enumerate(path) if character == "/"}
    both = sorted(folders & files.keys())
    if both:
        raise _error(
            f"with the overlay {overlay.tree.root}, {', '.join(both)} would be a file and a folder at once",
            "remove one of the two in overlay.yaml",
        )


def _paths(overlay: Overlay) -> Iterator[str]:
    yield from (entry.path for entry in overlay.tree.files)
    yield from overlay.removed


def _by_path(tree: SourceTree) -> dict[str, FileEntry]:
    return {entry.path: entry for entry in tree.files}


def _removed(file: Path) -> tuple[str, ...]:
    """What `overlay.yaml` takes away. Raises SpecError."""
    from tenantry.spec.names import SPEC
    from tenantry.spec.source import Finding
    from tenantry.spec.yamlfile import read_document

    document = read_document(file)
    data = document.data
    if document.problems or not isinstance(data, dict):
        raise SpecError(document.problems or document.source.problems([Finding((), "expected a mapping")]))
    findings = [
        Finding((name,), "an overlay has no such field", "known: spec, kind, remove", on_key=True)
        for name in data.keys() - {"spec", "kind", "remove"}
    ]
    findings += [
        Finding((name,) if name in data else (), f"expected {name}: {wanted}")
        for name, wanted in (("spec", SPEC), ("kind", "Overlay"))
        if data.get(name) != wanted
    ]
    listed = data.get("remove", [])
    paths = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    if not isinstance(listed, list) or len(paths) != len(listed) or len(set(paths)) != len(paths):
        findings.append(Finding(("remove",), "expected a list of different paths, such as [web/old.css]"))
    if findings:
        raise SpecError(document.source.problems(findings))
    return tuple(sorted(path.removeprefix("./") for path in paths))


def _error(message: str, hint: str) -> CatalogueError:
    return CatalogueError(message, hint=hint, place="overlay")
