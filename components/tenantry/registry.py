"""Finds installed adapters: runtimes, stores and sandboxes come as entry points of any installed distribution.

Listing names reads metadata only; an adapter's module is imported when it is asked for. Whatever is wrong with an
installation ends in an AdapterError that says which command puts it right.
"""

from __future__ import annotations

import functools
import importlib.metadata
import sys
from typing import TYPE_CHECKING, Final, Protocol, cast

from tenantry.contract.installed import check_api_version, check_extras, check_members
from tenantry.contract.runtime import RuntimeAdapter
from tenantry.contract.sandbox import Narrows, Sandbox
from tenantry.errors import AdapterError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import Distribution, EntryPoint

    from tenantry.spec.capabilities import Capabilities

RUNTIMES: Final = "tenantry.runtimes"
STORES: Final = "tenantry.stores"
SANDBOXES: Final = "tenantry.sandboxes"

_KIND: Final = {RUNTIMES: "runtime", STORES: "store", SANDBOXES: "sandbox"}


class _Store(Protocol):
    api_version: str
    name: str
    dialect: str


def runtimes() -> list[str]:
    """Names of the installed runtimes, sorted; nothing is imported."""
    return _names(RUNTIMES)


def sandboxes() -> list[str]:
    """Names of the installed sandboxes, sorted; nothing is imported."""
    return _names(SANDBOXES)


def stores() -> list[str]:
    """Names of the installed stores, sorted; nothing is imported."""
    return _names(STORES)


def store_dialects() -> dict[str, str]:
    """Installed store -> the dialect (file format of mini-programs) that it takes. Raises AdapterError."""
    members = ("api_version", "name", "dialect")
    return {name: cast("_Store", _load(STORES, name, "StoreAdapter", members)).dialect for name in stores()}


def runtime(name: str) -> RuntimeAdapter:
    """The adapter of `runtime.on: <name>`. Raises AdapterError."""
    return cast("RuntimeAdapter", _load(RUNTIMES, name, "RuntimeAdapter", _members(RuntimeAdapter)))


def sandbox(name: str) -> Sandbox:
    """The local stand-in of the runtime `name`. Raises AdapterError."""
    return cast("Sandbox", _load(SANDBOXES, name, "Sandbox", _members(Sandbox)))


def sandbox_capabilities(name: str, settings: Mapping[str, str]) -> Capabilities:
    """What the runtime `name` can do in its sandbox, which says `settings` of itself. Raises AdapterError."""
    whole = runtime(name).capabilities()
    stand_in: object = sandbox(name) if name in sandboxes() else None
    return stand_in.narrow(whole, settings) if isinstance(stand_in, Narrows) else whole


def installed() -> list[list[str]]:
    """Group, name, target, package and version of every installed adapter, sorted; nothing is imported.

    What this returns changes whenever an adapter comes, goes or is upgraded.
    """
    found = []
    for group in _KIND:
        for entry in _entries(group, tuple(sys.path)):
            version = _named(entry.dist)[1] if entry.dist is not None else ""
            found.append([group, entry.name, entry.value, _origin(entry), version])
    return sorted(found)


def distribution(group: str, name: str) -> tuple[str, str]:
    """Name and version of the distribution that brings an adapter. Raises AdapterError."""
    found = _entry(group, name).dist
    return _named(found) if found is not None else ("", "")


def _members(protocol: type[object]) -> tuple[str, ...]:
    return tuple(name for name in vars(protocol) if not name.startswith("_"))


def _names(group: str) -> list[str]:
    return sorted({entry.name for entry in _entries(group, tuple(sys.path))})


def _entries(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    return _all_entries(path)[group]


@functools.cache
def _all_entries(_path: tuple[str, ...]) -> dict[str, tuple[EntryPoint, ...]]:
    # One look through all distributions serves every group.
    found = importlib.metadata.entry_points()
    return {group: tuple(found.select(group=group)) for group in _KIND}


@functools.cache
def _named(dist: Distribution) -> tuple[str, str]:
    """Name and version; a distribution would parse its metadata again for each."""
    metadata = dist.metadata
    return metadata["Name"], metadata["Version"]


def _entry(group: str, name: str) -> EntryPoint:
    kind = _KIND[group]
    found = [entry for entry in _entries(group, tuple(sys.path)) if entry.name == name]
    if not found:
        installed = ", ".join(_names(group)) or "none"
        raise AdapterError(
            f"No {kind} named {name!r} is installed (installed: {installed}).",
            hint="Correct the name, or install the package that brings it; `tenantry runtimes` lists what is there.",
        )
    if len(found) > 1:
        origins = sorted(_origin(entry) for entry in found)
        raise AdapterError(
            f"The {kind} {name!r} is brought by {len(found)} installed packages: {', '.join(origins)}.",
            hint=f"Keep one: pip uninstall {origins[-1]}",
        )
    return found[0]


def _origin(entry: EntryPoint) -> str:
    return _named(entry.dist)[0] if entry.dist is not None else entry.value


def _load(group: str, name: str, protocol: str, members: tuple[str, ...]) -> object:
    entry = _entry(group, name)
    label = f"The {_KIND[group]} {name!r} (package {_origin(entry)})"
    check_extras(label, entry)
    try:
        factory = entry.load()
    except Exception as error:
        raise AdapterError(
            f"{label} cannot be imported: {type(error).__name__}: {error}",
            hint=f"Repair it: pip install --force-reinstall {_origin(entry)}",
        ) from error
    try:
        adapter = factory()
    except Exception as error:
        raise AdapterError(
            f"{label} cannot be started: {type(error).__name__}: {error}",
            hint=f"Its class must take no arguments; report this to the makers of {_origin(entry)}.",
        ) from error
    check_api_version(label, _origin(entry), getattr(adapter, "api_version", None))
    check_members(label, _origin(entry), adapter, members, protocol)
    if adapter.name != name:
        raise AdapterError(
            f"{label} calls itself {adapter.name!r}.",
            hint=f"Its entry point and its `name` must be equal; report this to the makers of {_origin(entry)}.",
        )
    return cast("object", adapter)
