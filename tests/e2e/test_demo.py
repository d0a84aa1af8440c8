"""`tenantry demo`, which `make demo` runs: what it reports is asked again."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
KEYS = ["instance", "runtime", "template", "url", "status", "body_sha256", "answered_version"]


def _tenantry(project: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tenantry_ops", "--project", str(project), *args],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=540,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of what the repository's project consists of, so that the demo of a developer is left alone."""
    root = tmp_path_factory.mktemp("demo") / "project"
    root.mkdir()
    for name in ("Pulumi.yaml", "tenantry.yaml"):
        shutil.copy(ROOT / name, root / name)
    for name in ("stacks", "templates"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "tenantry_ops"))
    shutil.copytree(ROOT / "overlays", root / "overlays")
    shutil.copytree(ROOT / "tenant_configs", root / "tenant_configs", ignore=shutil.ignore_patterns("Pulumi.*"))
    yield root
    _tenantry(root, "sandbox", "down")


@pytest.fixture(scope="module")
def report(project: Path) -> list[dict[str, Any]]:
    tenant = (project / "tenant_configs/acme.yaml").read_bytes()
    done = _tenantry(project, "demo", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes = {each["instance"]: each for each in json.loads(done.stdout)}
    assert all(each["order"] for each in outcomes.values()), "every shop took an order and showed it"
    turns = [(turn["before"], turn["after"]) for turn in outcomes["acme"]["turns"]]
    assert turns == [("1.0.0", "1.1.0"), ("1.1.0", "1.0.0")], "upgraded and rolled back, as the application says"
    assert (project / "tenant_configs/acme.yaml").read_bytes() == tenant, "its file is as it was"
    entries: list[dict[str, Any]] = json.loads((project / ".tenantry" / "demo.json").read_text(encoding="utf-8"))
    return entries


def test_three_tenants_on_three_versions(report: list[dict[str, Any]]) -> None:
    assert [list(entry) for entry in report] == [KEYS] * 3
    assert len({entry["instance"] for entry in report}) == len({entry["url"] for entry in report}) == 3
    assert len({entry["template"] for entry in report}) == 3
    assert {entry["runtime"] for entry in report} == {"kubernetes"}


def test_every_url_of_the_report_answers_the_same_again(report: list[dict[str, Any]]) -> None:
    for entry in report:
        with urllib.request.urlopen(entry["url"], timeout=10) as answer:
            assert answer.status == entry["status"] == 200
            assert hashlib.sha256(answer.read()).hexdigest() == entry["body_sha256"]
        with urllib.request.urlopen(f"{entry['url']}/api/about", timeout=10) as answer:
            about = json.load(answer)
        assert about["version"] == entry["answered_version"]
        assert about["instance"] == entry["instance"]
        assert entry["template"] == f"shop@{entry['answered_version']}"


def test_one_tenant_has_an_overlay(report: list[dict[str, Any]]) -> None:
    icons = {}
    for entry in report:
        with urllib.request.urlopen(f"{entry['url']}/icon.svg", timeout=10) as answer:
            icons[entry["instance"]] = answer.read()
    assert icons.pop("initech") == (ROOT / "overlays/initech/web/icon.svg").read_bytes()
    assert set(icons.values()) == {(ROOT / "templates/shop/1.1.0/web/icon.svg").read_bytes()}


def test_a_second_demo_changes_nothing(project: Path, report: list[dict[str, Any]]) -> None:
    done = _tenantry(project, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((project / ".tenantry" / "demo.json").read_text(encoding="utf-8")) == report
