"""An overlay counts wherever a plan is made: loading, the kept plan, validation of many."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tenantry.errors import CatalogueError
from tenantry_ops import kept, loading
from tenantry_ops.plan_cache import prepare
from tenantry_ops.project import Project
from tenantry_ops.validation import validate_all

if TYPE_CHECKING:
    from collections.abc import Iterator

SUPPORT = Path(__file__).parents[2] / "support" / "testcloud"
TEMPLATE = """\
spec: tenantry/v1
kind: AppTemplate
name: probe
version: {version}
title: {{en: Probe, zh: 探针}}
components:
  web: {{type: site, source: ./web}}
"""
TENANT = """\
spec: tenantry/v1
kind: Tenant
tenant: {instance}
instance: {instance}
template: probe@{version}
runtime: {{on: testcloud}}
"""
OVERLAY = "overlay: {path: ./overlays/acme, base: probe@1.0.0}\n"
SANDBOX = {"TENANTRY_SANDBOX_HTTP_PORT": "8099"}


@pytest.fixture
def root(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(SUPPORT))
    for version, text in (("1.0.0", "one"), ("1.1.0", "one"), ("2.0.0", "two")):
        web = root / "templates/probe" / version / "web"
        web.mkdir(parents=True)
        (web / "index.html").write_text(text)
        (web / "other.html").write_text(f"other of {version}")
        (web.parent / "template.yaml").write_text(TEMPLATE.format(version=version))
    (root / "overlays/acme/web").mkdir(parents=True)
    (root / "overlays/acme/web/index.html").write_text("ours")
    write(root, "1.0.0")
    (root / "tenant_configs/plain.yaml").write_text(TENANT.format(instance="plain", version="1.0.0"))
    kept.stamp_of_code.cache_clear()
    yield root
    for name in [name for name in sys.modules if name.split(".")[0] == "testcloud"]:
        del sys.modules[name]


def write(root: Path, version: str) -> None:
    (root / "tenant_configs/acme.yaml").write_text(TENANT.format(instance="acme", version=version) + OVERLAY)


def page(root: Path) -> bytes:
    web = prepare(Project.find(root), "acme", SANDBOX).sources["web"]
    return next(web.read(entry) for entry in web.files if entry.path == "index.html")


def test_the_plan_has_it_and_so_has_its_fingerprint(root: Path) -> None:
    with_it = loading.load(Project.find(root), "acme", SANDBOX).plan
    assert with_it.overlay is not None
    assert with_it.overlay.base == "probe@1.0.0"
    (root / "overlays/acme/web/index.html").write_text("ours, changed")
    changed = loading.load(Project.find(root), "acme", SANDBOX).plan
    (root / "tenant_configs/acme.yaml").write_text(TENANT.format(instance="acme", version="1.0.0"))
    without = loading.load(Project.find(root), "acme", SANDBOX).plan
    assert len({plan.fingerprint for plan in (with_it, changed, without)}) == 3
    assert with_it.template == without.template


def test_a_kept_plan_serves_the_overlaid_files_and_sees_their_changes(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert page(root) == b"ours"
    first = prepare(Project.find(root), "acme", SANDBOX)
    with monkeypatch.context() as patched:
        patched.setattr(loading, "load", None)
        assert page(root) == b"ours"
        again = prepare(Project.find(root), "acme", SANDBOX)
    assert again.plan == first.plan
    assert again.sources["web"].digest == first.sources["web"].digest
    (root / "overlays/acme/web/index.html").write_text("changed")
    assert page(root) == b"changed"
    (root / "overlays/acme/web/more.html").write_text("more")
    assert "more.html" in {entry.path for entry in prepare(Project.find(root), "acme", SANDBOX).sources["web"].files}
    shutil.rmtree(root / "overlays")
    with pytest.raises(CatalogueError, match="there is no overlay"):
        page(root)


def test_an_upgrade_without_conflict(root: Path) -> None:
    write(root, "1.1.0")
    assert page(root) == b"ours"


def test_a_conflict_stops_loading_and_is_one_instance_s_problem(root: Path) -> None:
    page(root)
    write(root, "2.0.0")
    with pytest.raises(CatalogueError, match=r"web/index\.html: the overlay replaces it, and the template changed it"):
        page(root)
    report = validate_all(Project.find(root))
    assert set(report.fingerprints) == {"plain"}
    (acme,) = report.invalid
    assert (acme.instance, acme.error, acme.exit_code) == ("acme", "CatalogueError", 10)
    (problem,) = acme.problems
    assert (problem.file, problem.line, problem.path) == ("tenant_configs/acme.yaml", 7, "overlay")
    assert "web/index.html" in problem.message
    assert "overlay.base" in problem.hint


def test_validation_and_loading_agree(root: Path) -> None:
    report = validate_all(Project.find(root))
    assert report.invalid == []
    plan = loading.load(Project.find(root), "acme").plan
    assert report.fingerprints["acme"] == plan.fingerprint


def test_a_base_of_another_template_is_refused(root: Path) -> None:
    file = root / "tenant_configs/acme.yaml"
    file.write_text(file.read_text().replace("base: probe@", "base: shop@"))
    (acme,) = validate_all(Project.find(root)).invalid
    assert acme.problems[0].path == "overlay.base"
