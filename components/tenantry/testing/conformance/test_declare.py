"""Rules R7 and R8: `connect` and `provision` only declare, and declare everything below the instance."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tenantry import registry

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry.testing.operator import Operator


@pytest.fixture
def declared(variant: tuple[str, str], operators: dict[str, Operator], tmp_path: Path) -> list[dict[str, Any]]:
    """What an `AppInstance` of the probe declares, recorded in a process of its own with sockets blocked."""
    settings = registry.sandbox(variant[0]).settings(operators[variant[0]].sandbox_folder)
    done = subprocess.run(
        [sys.executable, "-m", "tenantry.testing.declare", *variant],
        cwd=tmp_path,
        input=json.dumps(dict(settings)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    resources: list[dict[str, Any]] = json.loads(done.stdout)
    return resources


def test_r7_provision_only_declares_resources(declared: list[dict[str, Any]]) -> None:
    kinds = {resource["type"] for resource in declared}
    assert "tenantry:index:AppInstance" in kinds
    assert "tenantry:index:Identity" in kinds
    assert len(declared) > 4


def test_r8_every_resource_has_an_explicit_provider_and_comes_after_the_identity(
    declared: list[dict[str, Any]],
) -> None:
    for resource in declared:
        if resource["type"] == "tenantry:index:Identity" or not resource["custom"] or resource["read"]:
            continue
        if resource["type"].startswith("pulumi:providers:"):
            continue
        assert resource["provider"], resource
        assert resource["after_identity"], resource


def test_r8_logical_names_are_component_ids(declared: list[dict[str, Any]]) -> None:
    workloads = {resource["name"] for resource in declared if resource["custom"]}
    assert {"api", "web"} <= workloads
