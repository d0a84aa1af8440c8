"""The wheels that a bundle takes along, so that using it needs no package index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.catalogue.platforms import ARCHITECTURES, Platform
from tenantry.catalogue.requirements import LOCK_FILE, needed, parse_lock
from tenantry.spec.components import Service

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenantry.catalogue.catalogue import TemplateVersion
    from tenantry.catalogue.platforms import Architecture
    from tenantry.catalogue.wheels import Wheel


def wheels_of(version: TemplateVersion, architectures: Iterable[Architecture] = ARCHITECTURES) -> list[Wheel]:
    """The wheels of every `requirements.lock` of the version's services, for these processors, by file name.

    Fetched where the cache has not got them. Raises CatalogueError where one cannot be had.
    """
    from tenantry.catalogue.fetch import fetched

    found: dict[str, Wheel] = {}
    for name, component in version.template.components.items():
        if not isinstance(component, Service) or component.source is None or component.runtime is None:
            continue
        tree = version.sources[name]
        lock = next((entry for entry in tree.files if entry.path == LOCK_FILE), None)
        minor = Platform(runtime=component.runtime).minor
        if lock is None or minor is None:
            continue
        locked = parse_lock(tree.read(lock), file=str(tree.root / LOCK_FILE))
        for architecture in architectures:
            platform = Platform(runtime=component.runtime, architecture=architecture)
            lines = needed(locked, platform, minor)
            for wheel in fetched(lines, platform, minor, vendored=tree.vendored):
                found[wheel.path.name] = wheel
    return [found[name] for name in sorted(found)]
