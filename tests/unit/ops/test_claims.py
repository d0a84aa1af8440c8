"""Hosts and mini-programs belong to one instance; the index reads only files that changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tenantry.testing
from tenantry.errors import SpecError
from tenantry_ops.claims import Index
from tenantry_ops.loading import load
from tenantry_ops.project import Project
from tenantry_ops.validation import validate_all

if TYPE_CHECKING:
    from typing import Any

CATALOGUE = Path(tenantry.testing.__file__).parent / "catalogue"
TENANT = """\
spec: tenantry/v1
kind: Tenant
tenant: {tenant}
instance: {instance}
template: probe@1.0.0
runtime: {{on: kubernetes, account: {{routing: {{kind: ingress, class: nginx, host_suffix: apps.example.com}}}}}}
parameters: {{token: {{ref: {{env: TOKEN}}}}}}
"""


@pytest.fixture
def project(root: Path) -> Project:
    settings = f"spec: tenantry/v1\nkind: Project\nmode: live\ncatalogue: {CATALOGUE}\n"
    (root / "tenantry.yaml").write_text(settings)
    return Project.find(root)


def tenant(project: Project, instance: str, text: str = "", owner: str = "owner") -> Path:
    file = project.tenant_file(instance)
    file.write_text(TENANT.format(tenant=owner, instance=instance) + text)
    return file


def domain(host: str) -> str:
    return f"domains: [{{host: {host}, tls: none}}]\n"


def refused(project: Project, instance: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load(project, instance)
    return [str(problem) for problem in caught.value.problems]


def test_the_same_host_twice(project: Project) -> None:
    tenant(project, "acme", domain("shop.example.com"), "acme-inc")
    load(project, "acme")
    tenant(project, "globex", domain("shop.example.com"))
    (said,) = refused(project, "globex")
    assert said.startswith("tenant_configs/globex.yaml:8:18: domains[0].host: the host shop.example.com is also")
    assert "acme (tenant acme-inc)" in said
    assert "globex" in refused(project, "acme")[0]
    report = validate_all(project)
    assert sorted(one.instance for one in report.invalid) == ["acme", "globex"]
    assert report.fingerprints == {}
    assert validate_all(project, ["acme"]).invalid[0].problems[0].path == "domains[0].host"


def test_the_host_that_another_gets_from_its_runtime(project: Project) -> None:
    tenant(project, "acme")
    tenant(project, "globex", domain("acme.apps.example.com"))
    assert "the host acme.apps.example.com is what another instance gets" in refused(project, "globex")[0]
    assert "acme.yaml:4:" in refused(project, "acme")[0]
    assert sorted(one.instance for one in validate_all(project).invalid) == ["acme", "globex"]


@pytest.mark.parametrize("field", ["appid", "app_id"])
def test_the_same_mini_program_twice(project: Project, field: str) -> None:
    for name in ("acme", "globex"):
        tenant(project, name, f"stores: {{wechat: {{{field}: wx0123456789abcdef}}}}\n")
    index = Index.of(project)
    assert index.owners(("appid wechat", "wx0123456789abcdef")) == ["acme", "globex"]
    assert index.owners(("appid alipay", "wx0123456789abcdef")) == []


def test_a_retired_one_claims_nothing(project: Project) -> None:
    tenant(project, "acme", domain("shop.example.com") + "lifecycle: {state: retired}\n")
    tenant(project, "globex", domain("shop.example.com"))
    load(project, "globex")
    load(project, "acme")
    assert validate_all(project).invalid == []


def test_only_what_changed_is_read_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("acme", "globex", "initech"):
        tenant(project, name, domain(f"{name}.example.com"))
    assert Index.of(project).read == 3
    assert Index.of(project).read == 0
    tenant(project, "acme", domain("other.example.com"))
    project.tenant_file("globex").unlink()
    index = Index.of(project)
    assert index.read == 1
    assert index.owners(("host", "other.example.com")) == ["acme"]
    assert index.owners(("host", "globex.example.com")) == index.owners(("host", "acme.example.com")) == []

    def refuse(_project: Project, instance: str) -> dict[str, Any]:
        raise AssertionError(instance)

    monkeypatch.setattr(Project, "tenant_data", refuse)
    assert Index.of(project).read == 0


@pytest.mark.parametrize("text", ["", "[", "{}", '{"version": 1, "rows": {"acme": 3}}', '{"version": 0, "rows": {}}'])
def test_a_broken_index_is_made_again(project: Project, text: str) -> None:
    tenant(project, "acme", domain("shop.example.com"))
    Index.of(project)
    (project.folder / "cache/index.json").write_text(text)
    assert Index.of(project).owners(("host", "shop.example.com")) == ["acme"]


@pytest.mark.parametrize(
    "text",
    [
        "domains: 3\n",
        "domains: [3, {host: 4}, {}]\n",
        "stores: [a]\n",
        "stores: {wechat: 3}\n",
        "lifecycle: 3\n",
        "a: [\n",
    ],
)
def test_files_of_a_wrong_form_claim_nothing(project: Project, text: str) -> None:
    tenant(project, "acme", text)
    assert Index.of(project).rows["acme"].claims == []


def test_without_any_instance(project: Project) -> None:
    project.instances_folder.rmdir()
    assert Index.of(project).rows == {}
