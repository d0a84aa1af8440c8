"""Versions that an instance's data cannot be brought back over, refused before the engine is started.

The migration resource refuses the same at preview, whoever runs the engine. An `up` without a preview would have
stamped the older version into the stack by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tenantry.errors import EngineError, TenantryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tenantry_ops.project import Project

MIGRATION_TYPE: Final = "tenantry:index:Migration"


def forward_only(resources: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The versions whose migration has run and cannot be undone, as the state's resources say; oldest first."""
    for resource in resources:
        if resource.get("type") == MIGRATION_TYPE:
            found = (resource.get("inputs") or {}).get("forwardOnly")
            return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()
    return ()


def refuse_way_back(project: Project, instance: str, template: str, barriers: Sequence[str]) -> None:
    """Raises EngineError where the tenant file names a version of `template` that is older than one of the barriers.

    Another template, or a version that cannot be found, is judged by those who open it.
    """
    if not barriers:
        return
    from tenantry.catalogue.files import version_order

    selector = project.tenant_data(instance).get("template")
    try:
        name, version = project.catalogue.pin(str(selector))
    except TenantryError:
        return
    over = [one for one in barriers if version_order(version) < version_order(one)]
    if name == template and over:
        raise EngineError(
            f"{name}@{version} is older than {name}@{over[0]}, whose migration cannot be undone (forward-only): the "
            f"data of {instance} no longer fits it. Nothing was changed.",
            hint=f"Stay at {over[-1]} or later. To use {version} again, restore a backup from before into a new "
            "instance of it: tenantry restore",
        )
