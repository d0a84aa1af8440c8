"""A command line without an engine: click's runner in an operator's own, empty project."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from tenantry_ops.cli.app import tenantry
from tenantry_ops.init_project import init_project

if TYPE_CHECKING:
    from pathlib import Path

Call = Callable[..., Result]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("TENANTRY_ROOT", "TENANTRY_MODE", "NO_COLOR", "PULUMI_HOME", "PULUMI_BACKEND_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TENANTRY_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call() -> Call:
    """Runs `tenantry ARGS` in this process."""

    def run(*args: str, stdin: str = "") -> Result:
        return CliRunner().invoke(tenantry, args, input=stdin)

    return run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, and the current folder."""
    root = tmp_path / "project"
    init_project(root, "probe")
    monkeypatch.chdir(root)
    return root
