from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tenantry.errors import PreflightError, SpecError
from tenantry_ops import project as module
from tenantry_ops.project import Project, checked_id, is_instance_id

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_found_from_below_and_by_variable(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = root / "stacks" / "deep"
    below.mkdir(parents=True)
    assert Project.find(below).root == root
    monkeypatch.chdir(below)
    assert Project.find().root == root
    monkeypatch.chdir("/")
    with pytest.raises(PreflightError, match="There is no project at / or above it"):
        Project.find()
    monkeypatch.setenv("TENANTRY_ROOT", str(root))
    assert Project.find().root == root


def test_a_pulumi_project_of_somebody_else(root: Path) -> None:
    (root / "tenantry.yaml").unlink()
    with pytest.raises(PreflightError, match=r"no tenantry\.yaml"):
        Project.find(root)


@pytest.mark.parametrize(
    "text", ["runtime: python\n", "name: [a]\n", "name: x\nstackConfigDir: 5\n", "- a\n", "", "a: b: c"]
)
def test_a_broken_pulumi_file(root: Path, text: str) -> None:
    (root / "Pulumi.yaml").write_text(text)
    with pytest.raises(SpecError, match=r"Pulumi\.yaml"):
        Project.find(root)


def test_projects_may_share_their_sandboxes(root: Path, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project.sandbox_folder("cloud") == root / ".tenantry/sandbox/cloud"
    home = project.sandbox_home
    monkeypatch.setenv("TENANTRY_SANDBOXES", "/srv/sandboxes")
    assert project.sandbox_folder("cloud").as_posix() == "/srv/sandboxes/cloud"
    assert project.sandbox_home == home, "stand-in plugins stay the project's"


def test_instances_are_the_tenant_files(root: Path, project: Project) -> None:
    for name in ("acme.yaml", "globex.yaml", "Pulumi.acme.yaml", "README.md", "No.yaml", "x.yaml", ".hidden.yaml"):
        (root / "tenant_configs" / name).touch()
    assert project.instances() == ["acme", "globex"]
    assert project.tenant_file("acme") == root / "tenant_configs/acme.yaml"
    assert project.stack_file("acme") == root / "tenant_configs/Pulumi.acme.yaml"
    (root / "Pulumi.yaml").write_text("name: probe\nstackConfigDir: elsewhere/\n")
    assert Project.find(root).instances() == []


@pytest.mark.parametrize("name", ["../etc", "a/b", "ab", "x" * 41, "Acme", "a--b", "-ab", "acme\n", "acme-", "", "1ab"])
def test_impossible_ids_make_no_path(project: Project, name: str) -> None:
    assert not is_instance_id(name)
    with pytest.raises(PreflightError, match="cannot be an instance"):
        project.tenant_file(name)


def test_possible_ids() -> None:
    for name in ("abc", "a1b", "acme-2", "a" * 40):
        assert checked_id(name) == name


def test_the_mode(root: Path, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project.mode == "sandbox"
    monkeypatch.setenv("TENANTRY_MODE", "live")
    assert Project.find(root).mode == "live"
    monkeypatch.setenv("TENANTRY_MODE", "production")
    with pytest.raises(PreflightError, match="TENANTRY_MODE is 'production'"):
        _ = project.mode
    monkeypatch.delenv("TENANTRY_MODE")
    (root / "tenantry.yaml").write_text("spec: tenantry/v1\nkind: Project\nmode: live\n")
    assert Project.find(root).mode == "live"


def test_settings_are_kept_and_read_again_when_a_file_changes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Project.find(root)
    monkeypatch.setattr(module, "read_settings", lambda _file: pytest.fail("read although nothing changed"))
    assert Project.find(root) == first
    monkeypatch.undo()
    (root / "tenantry.yaml").write_text("spec: tenantry/v1\nkind: Project\ncatalogue: other\n")
    assert Project.find(root).settings.catalogue == "other"
    (root / "Pulumi.yaml").write_text("name: another\n")
    assert Project.find(root).name == "another"
    (root / "tenantry.yaml").write_text("spec: tenantry/v1\nkind: Projekt\n")
    with pytest.raises(SpecError, match=r"tenantry\.yaml"):
        Project.find(root)


@pytest.mark.parametrize("content", ["{", "[]", '{"inputs": 1}', "\x00"])
def test_a_broken_record_is_made_again(root: Path, content: str) -> None:
    Project.find(root)
    record = root / ".tenantry/cache/project.json"
    record.write_text(content)
    assert Project.find(root).name == "probe"
    assert json.loads(record.read_text())["name"] == "probe"


def test_a_project_that_cannot_be_written_to_is_read(root: Path) -> None:
    (root / ".tenantry").write_text("a file where the folder would be")
    assert Project.find(root).name == "probe"


def test_tenant_data_needs_no_valid_file(root: Path, project: Project) -> None:
    assert project.tenant_data("acme") == {}
    (root / "tenant_configs/acme.yaml").write_text("nonsense: [1]\n")
    assert project.tenant_data("acme") == {"nonsense": [1]}
    (root / "tenant_configs/acme.yaml").write_text("- a\n")
    assert project.tenant_data("acme") == {}
