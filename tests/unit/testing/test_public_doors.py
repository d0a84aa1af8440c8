"""What outsiders write goes through the public doors of the core, and the documentation lists these."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tenantry_ops.adapters import new_adapter

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples").iterdir())
OURS = ("tenantry", "tenantry_vendor", "tenantry_kubernetes", "tenantry_ops", "tenantry_toolchain")
DOORS = {
    "tenantry.contract",
    "tenantry.errors",
    "tenantry.registry",
    "tenantry.spec.capabilities",
    "tenantry.spec.plan",
    "tenantry.testing",
    "tenantry_vendor.plugin.serve",
    "tenantry_vendor.sandbox",
}


def used(folder: Path) -> set[str]:
    """The modules of ours that the Python files below a folder import."""
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found |= {f"{node.module}.{alias.name}" for alias in node.names} if node.module else set()
    return {name for name in found if name.split(".")[0] in OURS}


def is_public(name: str) -> bool:
    return any(name == door or name.startswith(f"{door}.") for door in DOORS) and "._" not in name


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_uses_nothing_but_public_doors(example: Path) -> None:
    found = used(example)
    assert len(found) > 10, "the example was not read"
    assert {name for name in found if not is_public(name)} == set()


def test_a_new_adapter_uses_nothing_but_public_doors(tmp_path: Path) -> None:
    new_adapter(tmp_path, "mycloud")
    found = used(tmp_path)
    assert "tenantry.errors.SandboxError" in found
    assert {name for name in found if not is_public(name)} == set()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_documentation_lists_the_doors(language: str) -> None:
    page = (ROOT / "docs" / language / "add-an-ecosystem.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(tenantry[a-z_.]*)` \|", page, re.MULTILINE)
    assert set(listed) == DOORS


def test_what_is_not_a_door_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("from tenantry.spec.resolution import resolve\nimport tenantry_ops.engine\n")
    assert [name for name in sorted(used(tmp_path)) if not is_public(name)] == [
        "tenantry.spec.resolution.resolve",
        "tenantry_ops.engine",
    ]
