"""Policies as the commands obey and show them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from click.testing import Result

if TYPE_CHECKING:
    from pathlib import Path

Call = Callable[..., Result]

NEW = ("--template", "shop@1.1.0", "--runtime", "kubernetes", "--plan", "free", "--no-stack")
POLICIES = """
spec: tenantry/v1
kind: Policies
use:
  required-labels: {level: LEVEL, settings: {labels: [ring]}}
waivers:
  - {policy: required-labels, instance: globex, until: 2999-12-31, reason: moving house, approved_by: Ada}
  - {policy: naming, instance: globex, until: 2020-01-01, reason: long ago, approved_by: Ada}
"""


def write(project: Path, level: str) -> None:
    (project / "policies").mkdir(exist_ok=True)
    (project / "policies/policies.yaml").write_text(POLICIES.replace("LEVEL", level))


@pytest.fixture
def instances(project: Path, call: Call) -> Path:
    for name in ("acme", "globex"):
        assert call("new", "tenant", name, *NEW, "--param", f"shop_name={name}").exit_code == 0
    return project


def test_validate_refuses(call: Call, instances: Path) -> None:
    write(instances, "mandatory")
    result = call("validate", "--json")
    assert result.exit_code == 13
    found = json.loads(result.output)["instances"]
    assert found["globex"]["error"] is None
    assert found["acme"]["error"] == "PolicyError"
    assert "label ring is missing [required-labels]" in found["acme"]["problems"][0]["message"]
    result = call("permissions", "acme")
    assert result.exit_code == 13
    assert "policies/policies.yaml" in result.output


def test_validate_advises(call: Call, instances: Path) -> None:
    write(instances, "advisory")
    result = call("validate")
    assert result.exit_code == 0
    assert "advice: tenant_configs/acme.yaml: labels: the label ring is missing [required-labels]" in result.output
    assert "2 instances are valid" in result.output


def test_the_list(call: Call, instances: Path) -> None:
    assert "No policy applies" in call("policies").output
    write(instances, "mandatory")
    found = json.loads(call("policies", "--json").output)
    assert [(each["name"], each["level"]) for each in found["policies"]] == [("required-labels", "mandatory")]
    assert [each["days_left"] < 0 for each in found["waivers"]] == [True, False]
    assert "no-public-bucket" in found["available"]
    shown = call("policies").output
    assert "2020-01-01 (ended)" in shown


def test_broken_policies_are_said(call: Call, instances: Path) -> None:
    write(instances, "strict")
    result = call("policies")
    assert result.exit_code == 3
    assert "policies/policies.yaml:5:" in result.output
    result = call("validate")
    assert result.exit_code == 3
    assert "Traceback" not in result.output
