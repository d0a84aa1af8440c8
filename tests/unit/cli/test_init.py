"""`tenantry init`: a project of the operator's own, never over anything that exists."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import Result

from tenantry_ops.init_project import FILES, project_name
from tenantry_ops.project import Project

Call = Callable[..., Result]


def test_the_project_can_be_opened(call: Call, tmp_path: Path) -> None:
    result = call("init", "shops")
    assert result.exit_code == 0, result.output
    assert "cd shops" in result.stdout
    assert "tenantry new tenant" in result.stdout
    project = Project.find(tmp_path / "shops")
    assert project.name == "shops"
    assert project.mode == "sandbox"
    assert project.instances() == []
    assert set(project.settings.backends) == {"default"}


def test_the_program_has_two_lines(call: Call) -> None:
    call("init", "shops")
    lines = Path("shops/__main__.py").read_text().splitlines()
    assert len(lines) == 2
    compile("\n".join(lines), "__main__.py", "exec")


def test_default_providers_are_off(call: Call) -> None:
    call("init", "shops")
    settings = yaml.safe_load(Path("shops/Pulumi.yaml").read_text())
    assert settings["config"]["pulumi:disable-default-providers"]["value"] == ["*"]
    assert settings["stackConfigDir"] == "tenant_configs/"
    folder = Path("shops") / settings["plugins"]["providers"][0]["path"]
    assert (folder / "pulumi-resource-tenantry").stat().st_mode & 0o111


def test_keys_and_state_are_not_committed(call: Call) -> None:
    call("init", "shops")
    assert ".tenantry/" in Path("shops/.gitignore").read_text().splitlines()


@pytest.mark.parametrize("file", list(FILES))
def test_nothing_is_overwritten(call: Call, file: str) -> None:
    existing = Path("shops") / file
    existing.parent.mkdir(parents=True)
    existing.write_text("mine")
    result = call("init", "shops")
    assert result.exit_code == 5
    assert file in result.stderr
    assert existing.read_text() == "mine"
    assert [found for found in Path("shops").rglob("*") if found.is_file()] == [existing]


def test_a_dangling_link_is_not_followed(call: Call) -> None:
    Path("shops").mkdir()
    Path("shops/tenantry.yaml").symlink_to("/nonexistent/elsewhere")
    assert call("init", "shops").exit_code == 5


def test_json(call: Call) -> None:
    result = call("init", "shops", "--json")
    document = json.loads(result.stdout)
    assert document["files"] == list(FILES)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "ü", "x" * 101])
def test_bad_names(call: Call, name: str) -> None:
    result = call("init", "shops", "--name", name)
    assert result.exit_code == (0 if name == "" else 5), result.output


@pytest.mark.parametrize(("folder", "name"), [("My Shops!", "My-Shops"), ("...", "instances"), ("商城", "instances")])
def test_names_from_folders(folder: str, name: str) -> None:
    assert project_name(Path(folder)) == name


def test_a_file_in_the_way(call: Call) -> None:
    Path("shops").write_text("a file")
    result = call("init", "shops")
    assert result.exit_code == 2
    assert "Traceback" not in result.output
