"""Going back to a version that knows none of an instance's data: the data waits, unused."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from tenantry.errors import SpecError
from tenantry.spec.plan import BucketPlan, DatabasePlan, InstancePlan, ServicePlan
from tenantry_ops.init_project import init_project
from tenantry_ops.life.versions import Versions, data_to_keep
from tenantry_ops.loading import load
from tenantry_ops.project import Project
from tenantry_ops.validation import validate_all

if TYPE_CHECKING:
    from pathlib import Path

TENANT = """
spec: tenantry/v1
kind: Tenant
tenant: acme
instance: acme
template: shop@TEMPLATE
runtime: {on: kubernetes}
parameters: {shop_name: Acme}
plan: free
lifecycle: {LIFECYCLE}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv("TENANTRY_ROOT", raising=False)
    monkeypatch.delenv("TENANTRY_MODE", raising=False)
    init_project(tmp_path / "project", "probe")
    return Project.find(tmp_path / "project")


def plan(project: Project, template: str, lifecycle: str) -> InstancePlan:
    text = TENANT.replace("TEMPLATE", template).replace("LIFECYCLE", lifecycle)
    project.tenant_file("acme").write_text(text, encoding="utf-8")
    return load(project, "acme", {}).plan


def data_of(made: InstancePlan) -> list[DatabasePlan | BucketPlan]:
    return [one for one in made.components if isinstance(one, DatabasePlan | BucketPlan)]


def test_data_waits_as_it_was(project: Project) -> None:
    before = plan(project, "1.2.0", "data: keep")
    after = plan(project, "1.1.0", "data: keep, kept: shop@1.2.0")
    assert data_of(before) == data_of(after) != []
    assert not any(one.bind for one in after.components if isinstance(one, ServicePlan))
    assert validate_all(project).results["acme"].fingerprint == after.fingerprint
    assert data_of(plan(project, "1.1.0", "data: keep")) == []


def test_a_version_with_its_own_data_needs_none_of_another(project: Project) -> None:
    plain = plan(project, "1.2.0", "data: keep")
    assert plan(project, "1.2.0", "data: keep, kept: shop@1.2.0") == plain


def test_data_of_another_template_is_refused(project: Project) -> None:
    with pytest.raises(SpecError, match="of another template than shop"):
        plan(project, "1.1.0", "data: keep, kept: other@1.2.0")


def test_what_a_rollback_keeps(project: Project) -> None:
    there = Versions(
        name="shop",
        selector="shop@1.2.0",
        current="1.2.0",
        deployed="1.2.0",
        before="1.1.0",
        available=("1.0.0", "1.1.0", "1.2.0", "2.0.0"),
        channels={},
    )
    assert data_to_keep(project, there, "1.1.0") == "shop@1.2.0"
    assert data_to_keep(project, dataclasses.replace(there, current="1.1.0", deployed="1.1.0"), "1.0.0") is None
    assert data_to_keep(project, dataclasses.replace(there, current="2.0.0", deployed="2.0.0"), "1.2.0") is None
