"""The shipped catalogue is released as it is, and the repository's tenants fit it."""

from __future__ import annotations

from pathlib import Path

from tenantry.catalogue import Catalogue
from tenantry.spec import load_tenant

ROOT = Path(__file__).parents[3]


def test_the_lock_holds_every_version_unchanged() -> None:
    assert Catalogue(ROOT / "templates").lock_problems() == []


def test_packed_sources_fit_a_configmap_many_times() -> None:
    catalogue = Catalogue(ROOT / "templates")
    for version in catalogue.versions("shop"):
        for tree in catalogue.open(f"shop@{version}").sources.values():
            assert len(tree.archive()) < 64 * 1024


def test_the_tenants_use_three_versions_and_both_languages() -> None:
    tenants = [load_tenant(path) for path in sorted((ROOT / "tenant_configs").glob("[!P]*.yaml"))]
    assert len(tenants) == 3
    assert {tenant.template for tenant in tenants} == {"shop@1.0.0", "shop@1.2.0", "shop@2.0.0"}
    catalogue = Catalogue(ROOT / "templates")
    for tenant in tenants:
        template = catalogue.open(tenant.template).template
        assert set(tenant.parameters) <= set(template.parameters)
        assert tenant.plan in template.plans
    assert {tenant.parameters.get("language", "en") for tenant in tenants} == {"en", "zh"}
