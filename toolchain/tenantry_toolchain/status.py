"""What is there, where it came from, what it takes; and dropping what was only needed to build it."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from filelock import FileLock, Timeout

from tenantry.errors import PreflightError
from tenantry_toolchain import cache, controlplane, engine, folders, gatewayapi, go, installer, recipes

if TYPE_CHECKING:
    from pathlib import Path

State = Literal["ready", "missing", "unused", "cache"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the status.

    `state`: ready, missing, unused (made for another version of Tenantry), cache (only speeds up a next build).
    `size` is in bytes, 0 for what is not ours; `origin` is path, installer, build, module, or empty.
    """

    name: str
    state: State
    version: str = ""
    origin: str = ""
    path: str = ""
    size: int = 0

    def to_json(self) -> dict[str, object]:
        """The item as a JSON object with the fields above."""
        return asdict(self)


def status() -> list[Item]:
    """Engine, control plane, S3 server, Gateway API, Go's caches, and folders of other versions, in this order."""
    items = [_engine(), *_control_plane(), _one("versitygw", cache.read(recipes.versitygw().slot)), _gateway_api()]
    for name, path in (("go build cache", go.build_cache()), ("go module cache", go.module_cache())):
        if path.exists():
            items.append(Item(name=name, state="cache", path=str(path), size=folders.size(path)))
    return [*items, *_unused()]


def drop_build_cache() -> int:
    """Remove Go's caches that are ours, and leftovers of killed builds. Caches the caller named are not ours.

    Returns:
        The bytes freed.

    Raises:
        PreflightError: a build is running, or the folders cannot be removed.
    """
    ours = [path for path in (go.build_cache(), go.module_cache()) if path.is_relative_to(folders.root())]
    ours.append(folders.root() / ".staging")
    with contextlib.ExitStack() as stack:
        if (folders.root() / ".locks").is_dir():
            for family in (*(recipe.family for recipe in recipes.every()), installer.slot().family):
                try:
                    stack.enter_context(FileLock(folders.root() / ".locks" / f"{family}.lock").acquire(timeout=0))
                except Timeout as error:
                    message = f"{family} is being built by another process: the build cache is in use."
                    raise PreflightError(message, hint="Wait for it to end, then run the command again.") from error
        freed = sum(folders.size(folder) for folder in ours)
        for folder in ours:
            folders.remove(folder)
    return freed


def _engine() -> Item:
    found = engine.find()
    if found is None:
        return Item(name="engine", state="missing", version=recipes.engine().version)
    size = 0 if found.origin == "path" else _size(found.folder.parent)
    return Item(
        name="engine", state="ready", version=found.version, origin=found.origin, path=str(found.pulumi), size=size
    )


def _control_plane() -> list[Item]:
    found = controlplane.find()
    if found is None:
        return [
            _one("etcd", cache.read(recipes.etcd().slot)),
            _one("kubernetes", cache.read(recipes.kubernetes().slot)),
        ]
    rows = (("etcd", found.etcd_version, found.etcd), ("kubernetes", found.version, found.kube_apiserver))
    return [
        Item(
            name=name,
            state="ready",
            version=version,
            origin=found.origin,
            path=str(program if name == "etcd" else program.parent),
            size=0 if found.origin == "path" else _size(program.parent.parent),
        )
        for name, version, program in rows
    ]


def _gateway_api() -> Item:
    recipe = recipes.gateway_api()
    return _one("gateway-api", cache.read(recipe.slot) if gatewayapi.find() else None)


def _one(name: str, stored: cache.Stored | None) -> Item:
    if stored is None:
        wanted = next(recipe.version for recipe in recipes.every() if recipe.family == name)
        return Item(name=name, state="missing", version=wanted)
    return Item(
        name=name,
        state="ready",
        version=stored.version,
        origin=stored.origin,
        path=str(stored.folder),
        size=stored.size,
    )


def _size(folder: Path) -> int:
    stored = cache.read_folder(folder)
    return stored.size if stored else 0


def _unused() -> list[Item]:
    current = {recipe.slot.name for recipe in recipes.every()} | {installer.slot().name}
    items = []
    for manifest in sorted(folders.root().glob("*/manifest.json")):
        stored = cache.read_folder(manifest.parent)
        if stored is not None and stored.folder.name not in current:
            items.append(
                Item(
                    name=stored.family,
                    state="unused",
                    version=stored.version,
                    origin=stored.origin,
                    path=str(stored.folder),
                    size=stored.size,
                )
            )
    return items
