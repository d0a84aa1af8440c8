"""Records of retirements: written, read again, the last one found, broken ones named."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

import pytest

from tenantry.errors import PreflightError, SpecError
from tenantry_ops.life import records
from tenantry_ops.project import Project
from tenantry_ops.retired import check_retired

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry.spec.plan import InstancePlan

RECORD = records.Record(
    tenant="acme",
    instance="acme",
    mode="sandbox",
    runtime="kubernetes",
    account="sha256:1",
    template="shop@1.0.0",
    retired="2026-11-23T10:15:00Z",
    data="keep",
    token="adopt-00000000-" + "0" * 32,
    finished=True,
    adopted=None,
    secrets=("orders",),
    forward_only=("1.0.0",),
    kept=(records.Kept(name="orders", type="kubernetes:core/v1:PersistentVolumeClaim", id="acme/orders"),),
    deleted=(),
    tenant_file="# 商城\ninstance: acme\n",
)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What `check_retired` reads of a plan."""

    instance: str = "acme"
    mode: str = "sandbox"
    lifecycle_state: str = "running"
    adopt: str | None = None


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv("TENANTRY_ROOT", raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: probe\nruntime: python\n")
    (tmp_path / "tenantry.yaml").write_text("spec: tenantry/v1\nkind: Project\n")
    return Project.find(tmp_path)


def check(project: Project, plan: Plan) -> None:
    check_retired(project, cast("InstancePlan", plan))


def test_there_and_back(project: Project) -> None:
    for record in (RECORD, records.adopted(RECORD), dataclasses.replace(RECORD, finished=False, kept=())):
        assert records.read(records.write(project, record)) == record


def test_the_last_one_counts(project: Project) -> None:
    assert records.latest(project.root, "acme") is None
    records.write(project, RECORD)
    file = records.write(project, dataclasses.replace(RECORD, retired="2026-11-24T10:15:00Z", data="delete"))
    assert records.latest(project.root, "acme") == (file, records.read(file))
    assert file.name == "20261124T101500Z.yaml"
    assert records.latest(project.root, "acm") is None


@pytest.mark.parametrize("text", ["a: 1\n", "[]\n", "spec: tenantry/v1\nkind: Retirement\ntenant: x\n", "a: [\n"])
def test_a_broken_one(project: Project, text: str) -> None:
    file = records.write(project, RECORD)
    file.write_text(text)
    with pytest.raises(SpecError):
        records.latest(project.root, "acme")


def test_nothing_is_deployed_beside_kept_data(project: Project) -> None:
    check(project, Plan())
    records.write(project, RECORD)
    with pytest.raises(PreflightError, match=r"its data is still there \(retired/acme/20261123T101500Z.yaml\)"):
        check(project, Plan())
    with pytest.raises(PreflightError):
        check(project, Plan(lifecycle_state="retired"))
    check(project, Plan(adopt=RECORD.token))
    check(project, Plan(mode="live"))
    check(project, Plan(instance="globex"))
    records.write(project, records.adopted(RECORD))
    check(project, Plan())
