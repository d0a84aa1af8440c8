"""An operator's empty project; no engine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tenantry_ops.project import Project

if TYPE_CHECKING:
    from pathlib import Path

PULUMI = "name: probe\nruntime: python\nstackConfigDir: tenant_configs/\n"
SETTINGS = "spec: tenantry/v1\nkind: Project\ncatalogue: templates\n"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("PULUMI_", "TENANTRY_")):
            monkeypatch.delenv(name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "tenant_configs").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(PULUMI)
    (folder / "tenantry.yaml").write_text(SETTINGS)
    return folder


@pytest.fixture
def project(root: Path) -> Project:
    return Project.find(root)
