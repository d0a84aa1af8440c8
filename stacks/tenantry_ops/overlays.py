"""The overlay of a tenant file, laid over the version that the file names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenantry.catalogue import Catalogue, TemplateVersion
    from tenantry.spec.plan import OverlayPlan
    from tenantry.spec.tenant import Tenant
    from tenantry_ops.project import Project


def with_overlay(
    project: Project, catalogue: Catalogue, version: TemplateVersion, tenant: Tenant
) -> tuple[TemplateVersion, OverlayPlan | None]:
    """The version as the tenant runs it, and what the plan carries of the overlay; unchanged where there is none.

    Raises:
        CatalogueError: the overlay's folder is missing, its base is unknown, or the template changed under it.
        SpecError: its `overlay.yaml` is wrong.
    """
    if tenant.overlay is None:
        return version, None
    from tenantry.catalogue.overlay import lay_over, read_overlay

    overlay = read_overlay(tenant.overlay, project.root)
    return lay_over(version, overlay, catalogue.open(tenant.overlay.base)), overlay.plan
