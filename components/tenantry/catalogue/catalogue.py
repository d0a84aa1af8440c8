"""Template versions in a folder: `<root>/<name>/<version>/template.yaml` or a bundle, with a lock and channels."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from tenantry.catalogue.files import read_channels, read_lock, version_order, write_lock
from tenantry.catalogue.places import TEMPLATE_FILE, place_of, versions_in
from tenantry.catalogue.tree import SourceTree, read_tree
from tenantry.errors import CatalogueError, TenantryError
from tenantry.spec.names import ID, SELECTOR, SEMVER, WORDS, suggest
from tenantry.spec.plan import SourceRef, TemplateRef

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tenantry.catalogue.places import Place
    from tenantry.catalogue.signing import Trust
    from tenantry.spec.template import AppTemplate


@dataclass(frozen=True)
class TemplateVersion:
    """One opened version. `sources` has component ids, and `mini/<dialect>` for those of a mini-program.

    `released`: whether the lock holds its digest. `tree` is the whole version, `folder` where it is read from. `bundle`
    is the file that it came from, None for a folder of sources; `signed_by` the trusted publishers that signed it.
    """

    template: AppTemplate
    ref: TemplateRef
    sources: Mapping[str, SourceTree]
    folder: Path
    released: bool
    tree: SourceTree
    bundle: Path | None = None
    signed_by: tuple[str, ...] = ()

    @cached_property
    def source_refs(self) -> Mapping[str, SourceRef]:
        """What resolve needs of the sources."""
        return {key: tree.ref for key, tree in self.sources.items()}


class Catalogue:
    """A folder of templates. Every version is read once in the life of the object.

    Args:
        root: the folder that holds one folder per template, `lock.yaml` and `channels.yaml`. A template's folder holds
            its versions: folders of sources, or bundles.
        trust: whose signatures of bundles count, and whether one is required; nobody's, and none is, where None.
    """

    def __init__(self, root: Path, trust: Trust | None = None) -> None:
        self.root = root
        self.trust = trust
        self._places: dict[str, Place] = {}
        self._versions: dict[str, TemplateVersion] = {}
        self._trees: dict[str, SourceTree] = {}
        self._barriers: dict[str, bool] = {}

    def names(self) -> list[str]:
        """Names of the templates. Raises CatalogueError where the folder cannot be read."""
        if not self.root.is_dir():
            raise CatalogueError(f"there is no catalogue at {self.root}", hint="set `catalogue` in tenantry.yaml")
        return sorted(path.name for path in self.root.iterdir() if path.is_dir() and re.fullmatch(ID, path.name))

    def versions(self, name: str) -> list[str]:
        """Versions of a template, oldest first. Raises CatalogueError for a name that is not there."""
        known = self.names()
        if name not in known:
            raise CatalogueError(f"the catalogue {self.root} has no template `{name}`", hint=suggest(name, known))
        found = versions_in(self.root / name, name)
        return sorted((version for version in found if re.fullmatch(SEMVER, version)), key=version_order)

    @cached_property
    def lock(self) -> Mapping[str, str]:
        """`name@version` -> digest of the released versions. Raises SpecError."""
        return read_lock(self.root)

    @cached_property
    def channels(self) -> Mapping[str, Mapping[str, str]]:
        """Name -> channel -> version. Raises SpecError."""
        return read_channels(self.root)

    def open(self, selector: str) -> TemplateVersion:
        """The version that `shop@1.0.0` or `shop@stable` names.

        Raises:
            CatalogueError: unknown, changed after its release, or holding what a template must not hold.
            SpecError: the template file is wrong.
        """
        name, version = self.pin(selector)
        key = f"{name}@{version}"
        found = self._versions.get(key)
        if found is None:
            found = self._versions[key] = self._open(name, version)
        return found

    def pin(self, selector: str) -> tuple[str, str]:
        """Name and version that a selector stands for. Raises CatalogueError."""
        if re.fullmatch(SELECTOR, selector) is None:
            raise CatalogueError(f"`{selector[:60]}` names no template version", hint=f"expected {WORDS[SELECTOR]}")
        name, _, wanted = selector.partition("@")
        if re.fullmatch(SEMVER, wanted):
            return name, wanted
        channels = self.channels.get(name, {})
        if wanted not in channels:
            self.versions(name)
            raise CatalogueError(f"the template {name} has no channel `{wanted}`", hint=suggest(wanted, channels))
        version = channels[wanted]
        if f"{name}@{version}" not in self.lock:
            hint = "release the version first: tenantry catalogue lock"
            raise CatalogueError(f"the channel {selector} points to {version}, which is not in the lock", hint=hint)
        return name, version

    def digest(self, name: str, version: str) -> str:
        """The digest of a version as it is now. Raises CatalogueError."""
        return self.tree(name, version).digest

    def lock_problems(self) -> list[str]:
        """Differences between lock, channels and folders; empty where every version is released and unchanged."""
        problems: list[str] = []
        present = self._present()
        for key in present:
            name, _, version = key.partition("@")
            if key not in self.lock:
                problems.append(f"{key} is not in the lock: release it with `tenantry catalogue lock`")
            elif self.digest(name, version) != self.lock[key]:
                problems.append(f"{key} was changed after its release: restore it and make a new version")
        problems += [
            f"{key} is in the lock, but its folder is gone: restore it" for key in self.lock if key not in present
        ]
        for name, channels in self.channels.items():
            problems += [
                f"the channel {name}@{channel} points to {version}, which is not in the lock"
                for channel, version in channels.items()
                if f"{name}@{version}" not in self.lock
            ]
        return problems

    def write_lock(self) -> list[str]:
        """Releases every version that is not in the lock yet, and returns their names.

        Raises CatalogueError, and writes nothing, where a released version was changed; SpecError where a new one is
        wrong.
        """
        changed = []
        added: dict[str, str] = {}
        for key in self._present():
            name, _, version = key.partition("@")
            if key not in self.lock:
                added[key] = self._open(name, version).ref.digest
            elif self.digest(name, version) != self.lock[key]:
                changed.append(key)
        if changed:
            raise CatalogueError(
                f"changed after release: {', '.join(changed)}",
                hint="restore the files and make a new version of the change",
            )
        if added:
            write_lock(self.root, {**self.lock, **added})
            self.__dict__.pop("lock", None)
            self._versions.clear()
        return list(added)

    def _present(self) -> list[str]:
        return [f"{name}@{version}" for name in self.names() for version in self.versions(name)]

    def tree(self, name: str, version: str) -> SourceTree:
        """All files of a version, read once. Raises CatalogueError."""
        key = f"{name}@{version}"
        tree = self._trees.get(key)
        if tree is None:
            place = self._place(name, version)
            tree = replace(read_tree(place.folder), vendored=place.vendored)
            if place.digest not in {None, tree.digest}:
                raise CatalogueError(
                    f"{place.folder}, unpacked from {place.bundle}, was changed",
                    hint=f"remove it and run the command again: rm -r {place.folder.parent}",
                )
            self._trees[key] = tree
        return tree

    def _place(self, name: str, version: str) -> Place:
        key = f"{name}@{version}"
        place = self._places.get(key)
        if place is None:
            place = place_of(self.root / name, name, version, self.trust)
            if place is None:
                known = self.versions(name)
                raise CatalogueError(f"the template {name} has no version {version}", hint=suggest(version, known))
            self._places[key] = place
        return place

    def _open(self, name: str, version: str) -> TemplateVersion:
        from tenantry.spec.load import load_template

        place = self._place(name, version)
        folder, tree = place.folder, self.tree(name, version)
        key = f"{name}@{version}"
        released = self.lock.get(key)
        if released is not None and released != tree.digest:
            raise CatalogueError(
                f"{key} was changed after its release: the lock has {released}, the files {tree.digest}",
                hint=f"restore {place.bundle or folder}, and make a new version of the change",
            )
        template = load_template(folder)
        if (template.name, template.version) != (name, version):
            raise CatalogueError(
                f"{folder / TEMPLATE_FILE} describes {template.name}@{template.version}, its folder {key}",
                hint="name, version and folder must be equal",
            )
        return TemplateVersion(
            template=template,
            ref=TemplateRef(
                name=name, version=version, digest=tree.digest, forward_only=self._forward_only(name, version)
            ),
            sources=_sources(template, tree),
            folder=folder,
            released=released is not None,
            tree=tree,
            bundle=place.bundle,
            signed_by=place.signed_by,
        )

    def _forward_only(self, name: str, version: str) -> tuple[str, ...]:
        """The versions up to this one whose migration cannot be gone back over, oldest first."""
        upto = version_order(version)
        return tuple(
            other for other in self.versions(name) if version_order(other) <= upto and self._is_barrier(name, other)
        )

    def _is_barrier(self, name: str, version: str) -> bool:
        from tenantry.spec.components import Service
        from tenantry.spec.load import load_template

        key = f"{name}@{version}"
        if key not in self._barriers:
            try:
                components = list(load_template(self._place(name, version).folder).components.values())
            except TenantryError:
                # A version that cannot be opened says so when it is asked for; the ones after it go on without it.
                components = []
            self._barriers[key] = any(
                isinstance(one, Service) and one.migrate is not None and one.migrate.rollback == "forward-only"
                for one in components
            )
        return self._barriers[key]


def open_place(place: Place) -> TemplateVersion:
    """A version that stands outside of a catalogue: a folder of sources, or an opened bundle. It is never released.

    Raises CatalogueError, SpecError.
    """
    from tenantry.spec.load import load_template

    template = load_template(place.folder)
    tree = replace(read_tree(place.folder), vendored=place.vendored)
    return TemplateVersion(
        template=template,
        ref=TemplateRef(name=template.name, version=template.version, digest=tree.digest),
        sources=_sources(template, tree),
        folder=place.folder,
        released=False,
        tree=tree,
        bundle=place.bundle,
        signed_by=place.signed_by,
    )


def _sources(template: AppTemplate, tree: SourceTree) -> dict[str, SourceTree]:
    from tenantry.spec.check_sources import source_paths

    sources = {where: tree.part(relative) for where, (relative, _) in source_paths(template).items()}
    for source in sources.values():
        _check_lock(source)
    return sources


def _check_lock(source: SourceTree) -> None:
    """Raises SpecError where the sources' lock of Python packages is wrong."""
    from tenantry.catalogue.requirements import LOCK_FILE, parse_lock

    entry = next((entry for entry in source.files if entry.path == LOCK_FILE), None)
    if entry is not None:
        parse_lock(source.read(entry), file=str(source.root / LOCK_FILE))
