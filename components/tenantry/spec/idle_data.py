"""Databases and buckets that an older version of a template does not know, and that wait for a newer one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.spec.components import Bucket, Database
from tenantry.spec.plan import BucketPlan, DatabasePlan

if TYPE_CHECKING:
    from tenantry.spec.plan import ComponentPlan
    from tenantry.spec.template import AppTemplate
    from tenantry.spec.tenant import Tenant


def with_kept(
    components: tuple[ComponentPlan, ...], kept: AppTemplate | None, tenant: Tenant
) -> tuple[ComponentPlan, ...]:
    """The components, and those of `kept` that hold data and have an id which none of them has; by id.

    Nothing binds them: their data waits, as it is, for a version that does.
    """
    if kept is None:
        return components
    known = {one.id for one in components}
    found = [
        _data(kept, name, component, tenant)
        for name, component in kept.components.items()
        if isinstance(component, Database | Bucket) and name not in known
    ]
    return tuple(sorted((*components, *found), key=lambda one: one.id))


def _data(kept: AppTemplate, name: str, component: Database | Bucket, tenant: Tenant) -> ComponentPlan:
    if isinstance(component, Bucket):
        return BucketPlan(id=name, public=component.public)
    plan = kept.plans.get(tenant.plan or "")
    size = plan.defaults.get(f"{name}.size", component.size) if plan is not None else component.size
    return DatabasePlan(
        id=name,
        engine=component.engine,
        version=component.version,
        size=size,  # type: ignore[arg-type] # the template's checks keep to the sizes
    )


def holds_more(newer: AppTemplate, older: AppTemplate) -> bool:
    """Whether `newer` has databases or buckets that `older` has not."""
    return any(
        isinstance(component, Database | Bucket) and name not in older.components
        for name, component in newer.components.items()
    )
