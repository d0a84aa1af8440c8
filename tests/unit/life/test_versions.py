"""Where an upgrade and a rollback go, from what the catalogue, the file and the stack say."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from tenantry.errors import CatalogueError, EngineError, PreflightError
from tenantry_ops.engine.barriers import MIGRATION_TYPE, forward_only, refuse_way_back
from tenantry_ops.life.versions import Versions, rollback_target, upgrade_target
from tenantry_ops.project import Project

if TYPE_CHECKING:
    from pathlib import Path

THERE = Versions(
    name="shop",
    selector="shop@1.0.0",
    current="1.0.0",
    deployed="1.0.0",
    before=None,
    available=("0.9.0", "1.0.0", "1.1.0", "1.2.0", "2.0.0-beta.1"),
    channels={},
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A catalogue whose versions hold nothing: none of them is opened here."""
    monkeypatch.delenv("TENANTRY_ROOT", raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: probe\nruntime: python\n")
    (tmp_path / "tenantry.yaml").write_text("spec: tenantry/v1\nkind: Project\ncatalogue: templates\n")
    for version in THERE.available:
        folder = tmp_path / "templates/shop" / version
        folder.mkdir(parents=True)
        (folder / "template.yaml").write_text("spec: tenantry/v1\n")
    return Project.find(tmp_path)


@pytest.mark.parametrize(
    ("changes", "to", "target"),
    [
        ({}, None, "1.2.0"),
        ({"channels": {"stable": "1.1.0"}}, None, "1.1.0"),
        ({"channels": {"stable": "1.1.0"}, "current": "1.1.0"}, None, "1.1.0"),
        ({"channels": {"stable": "1.0.0"}, "current": "1.2.0"}, None, "1.2.0"),
        ({}, "1.1.0", "1.1.0"),
        ({}, "shop@1.1.0", "1.1.0"),
        ({}, "2.0.0-beta.1", "2.0.0-beta.1"),
        ({}, "1.0.0", "1.0.0"),
    ],
)
def test_an_upgrade(project: Project, changes: dict[str, object], to: str | None, target: str) -> None:
    versions = dataclasses.replace(THERE, **changes)  # type: ignore[arg-type] # fields by name
    assert upgrade_target(project, versions, to, "acme") == target


def test_an_upgrade_is_no_way_back(project: Project) -> None:
    with pytest.raises(PreflightError) as caught:
        upgrade_target(project, THERE, "0.9.0", "acme")
    assert "tenantry rollback acme --to 0.9.0" in caught.value.hint


def test_to_the_version_before(project: Project) -> None:
    versions = dataclasses.replace(THERE, current="1.2.0", deployed="1.2.0", before="1.0.0")
    assert rollback_target(project, "acme", versions, None) == "1.0.0"
    assert rollback_target(project, "acme", versions, "1.1.0") == "1.1.0"
    with pytest.raises(PreflightError, match="knows no version before"):
        rollback_target(project, "acme", THERE, None)
    with pytest.raises(PreflightError) as caught:
        rollback_target(project, "acme", THERE, "1.2.0")
    assert "tenantry upgrade acme --to 1.2.0" in caught.value.hint


def migrated(*versions: object) -> list[dict[str, object]]:
    """The state's resources after migrations that cannot be undone."""
    return [
        {"type": "pulumi:pulumi:Stack"},
        {"type": MIGRATION_TYPE, "inputs": {"template": "shop@1.2.0", "forwardOnly": list(versions)}},
    ]


def test_which_migrations_cannot_be_undone() -> None:
    assert forward_only(migrated("1.0.0", "1.2.0")) == ("1.0.0", "1.2.0")
    assert forward_only(migrated()) == forward_only([]) == ()
    assert forward_only([{"type": MIGRATION_TYPE}]) == forward_only([{"type": MIGRATION_TYPE, "inputs": None}]) == ()


@pytest.mark.parametrize(
    ("selector", "refused"),
    [
        ("shop@1.1.0", True),
        ("shop@0.9.0", True),
        ("shop@1.2.0", False),
        ("shop@2.0.0-beta.1", False),
        ("other@0.1.0", False),
        ("shop@nightly", False),
        ("nonsense", False),
    ],
)
def test_the_way_back_over_one(project: Project, selector: str, refused: bool) -> None:
    file = project.tenant_file("acme")
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"template: {selector}\n")
    barriers = forward_only(migrated("1.0.0", "1.2.0"))
    if not refused:
        refuse_way_back(project, "acme", "shop", barriers)
        return
    with pytest.raises(EngineError) as caught:
        refuse_way_back(project, "acme", "shop", barriers)
    assert "Nothing was changed" in caught.value.message
    assert "Stay at 1.2.0 or later" in caught.value.hint


@pytest.mark.parametrize("to", ["9.9.9", "nightly", "not a version", "other@1.0.0"])
def test_a_version_that_is_not_there(project: Project, to: str) -> None:
    with pytest.raises(CatalogueError):
        upgrade_target(project, THERE, to, "acme")
