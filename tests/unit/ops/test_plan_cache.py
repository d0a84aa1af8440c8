"""A kept plan is used exactly as long as nothing changed that it was made from."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tenantry import registry
from tenantry.errors import CatalogueError, SpecError, TenantryError
from tenantry.spec.plan_json import plan_from_json
from tenantry_ops import kept, loading
from tenantry_ops.plan_cache import prepare
from tenantry_ops.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUPPORT = Path(__file__).parents[2] / "support" / "testcloud"
TEMPLATE = """\
spec: tenantry/v1
kind: AppTemplate
name: probe
version: 1.0.0
title: {en: Probe, zh: 探针}
license: Apache-2.0
publisher: {name: Example}
parameters:
  greeting: {type: string, default: hello, title: {en: Greeting, zh: 问候}}
  token: {type: string, secret: true, title: {en: Token, zh: 令牌}}
components:
  api:
    type: service
    source: ./api
    runtime: python3.11
    command: [python, main.py]
    env: {GREETING: "${param.greeting}", URL: "${url}/api"}
  web: {type: site, source: ./web}
routes: {/: web, /api: api}
"""
TENANT = """\
spec: tenantry/v1
kind: Tenant
tenant: acme
instance: acme
template: probe@1.0.0
runtime: {on: testcloud}
"""
SANDBOX = {"TENANTRY_SANDBOX_HTTP_PORT": "8099"}


@pytest.fixture
def project(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.syspath_prepend(str(SUPPORT))
    version = root / "templates/probe/1.0.0"
    for folder, file in (("api", "main.py"), ("web", "index.html")):
        (version / folder).mkdir(parents=True)
        (version / folder / file).write_text("print()")
    (version / "template.yaml").write_text(TEMPLATE)
    (root / "tenant_configs/acme.yaml").write_text(TENANT)
    kept.stamp_of_code.cache_clear()
    yield Project.find(root)
    for name in [name for name in sys.modules if name.split(".")[0] == "testcloud"]:
        del sys.modules[name]


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The instances that were loaded from their files."""
    found: list[str] = []
    real = loading.load

    def counted(project: Project, instance: str, settings: dict[str, str] | None = None) -> loading.Loaded:
        found.append(instance)
        return real(project, instance, settings)

    monkeypatch.setattr(loading, "load", counted)
    return found


def test_the_second_time_nothing_is_loaded(project: Project, loads: list[str]) -> None:
    first = prepare(project, "acme", SANDBOX)
    again = prepare(Project.find(project.root), "acme", SANDBOX)
    assert loads == ["acme"]
    assert again.plan == first.plan
    assert again.plan.fingerprint == first.plan.fingerprint
    assert {key: tree.digest for key, tree in again.sources.items()} == {k: t.digest for k, t in first.sources.items()}
    assert again.sources["api"].archive() == first.sources["api"].archive()


CHANGES: dict[str, Callable[[Path], object]] = {
    "tenant file": lambda root: (root / "tenant_configs/acme.yaml").write_text(TENANT + "parameters: {greeting: hi}\n"),
    "tenant file, comment only": lambda root: (root / "tenant_configs/acme.yaml").write_text(TENANT + "# x\n"),
    "template": lambda root: (root / "templates/probe/1.0.0/template.yaml").write_text(TEMPLATE + "# x\n"),
    "source": lambda root: (root / "templates/probe/1.0.0/api/main.py").write_text("exit()"),
    "executable bit": lambda root: (root / "templates/probe/1.0.0/api/main.py").chmod(0o755),
    "new file": lambda root: (root / "templates/probe/1.0.0/web/new.html").write_text("new"),
    "channels": lambda root: (root / "templates/channels.yaml").write_text("{}\n"),
    "backend names": lambda root: (root / "tenantry.yaml").write_text(
        "spec: tenantry/v1\nkind: Project\nbackends: {default: {url: 'file://a'}, other: {url: 'file://b'}}\n"
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(project: Project, loads: list[str], change: str) -> None:
    before = {file: file.stat() for file in project.root.rglob("*") if file.is_file()}
    prepare(project, "acme", SANDBOX)
    CHANGES[change](project.root)
    for file, status in before.items():
        if ".tenantry" not in file.parts and file.exists():
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    fresh = Project.find(project.root)
    found = prepare(fresh, "acme", SANDBOX)
    assert loads == ["acme", "acme"]
    assert found.plan == loading.load(fresh, "acme", SANDBOX).plan


def test_the_lock_is_looked_at(project: Project, loads: list[str]) -> None:
    project.catalogue.write_lock()
    prepare(Project.find(project.root), "acme", SANDBOX)
    (project.root / "templates/probe/1.0.0/api/main.py").write_text("changed")
    with pytest.raises(CatalogueError, match="changed after its release"):
        prepare(Project.find(project.root), "acme", SANDBOX)
    assert len(loads) == 2


def test_a_file_that_became_wrong(project: Project) -> None:
    prepare(project, "acme", SANDBOX)
    (project.root / "tenant_configs/acme.yaml").write_text(TENANT + "nonsense: 1\n")
    with pytest.raises(SpecError, match="nonsense"):
        prepare(project, "acme", SANDBOX)
    (project.root / "tenant_configs/acme.yaml").unlink()
    with pytest.raises(SpecError, match="there is no instance"):
        prepare(project, "acme", SANDBOX)
    (project.root / "tenant_configs/acme.yaml").write_text(TENANT)
    shutil.rmtree(project.root / "templates/probe")
    with pytest.raises(TenantryError):
        prepare(Project.find(project.root), "acme", SANDBOX)


def test_mode_and_sandbox_are_part_of_it(project: Project, loads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare(project, "acme", SANDBOX).plan
    other = prepare(project, "acme", {"TENANTRY_SANDBOX_HTTP_PORT": "8100"}).plan
    assert (first.url or "").endswith(":8099")
    assert (other.url or "").endswith(":8100")
    monkeypatch.setenv("TENANTRY_MODE", "live")
    assert prepare(project, "acme", {}).plan.url == "https://acme.testcloud.example"
    assert len(loads) == 3


def test_an_adapter_that_came_or_went(project: Project, loads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(project, "acme", SANDBOX)
    more = [*registry.installed(), ["tenantry.stores", "market", "m:M", "market", "1"]]
    monkeypatch.setattr(registry, "installed", lambda: more)
    prepare(project, "acme", SANDBOX)
    assert len(loads) == 2


def test_changed_code(project: Project, loads: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = tmp_path / "site"
    shutil.copytree(SUPPORT, copied)
    monkeypatch.syspath_prepend(str(copied))
    prepare(project, "acme", SANDBOX)
    with (copied / "testcloud/runtime.py").open("a") as file:
        file.write("# changed\n")
    kept.stamp_of_code.cache_clear()
    prepare(project, "acme", SANDBOX)
    assert len(loads) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"inputs": {}, "plan": "{}"}', '{"plan": 5}'])
def test_a_broken_record_is_made_again(project: Project, loads: list[str], content: str) -> None:
    first = prepare(project, "acme", SANDBOX)
    record = project.folder / "cache/plans/acme.json"
    record.write_text(content)
    assert prepare(project, "acme", SANDBOX).plan == first.plan
    assert loads == ["acme", "acme"]
    assert json.loads(record.read_text())["plan"] == first.plan.canonical_json()


def test_a_record_of_another_instance_is_not_taken(project: Project, loads: list[str]) -> None:
    (project.root / "tenant_configs/globex.yaml").write_text(TENANT.replace("acme", "globex"))
    prepare(project, "acme", SANDBOX)
    plans = project.folder / "cache/plans"
    shutil.copy(plans / "acme.json", plans / "globex.json")
    assert prepare(project, "globex", SANDBOX).plan.instance == "globex"


def test_a_plan_comes_back_from_its_json(project: Project) -> None:
    plan = loading.load(project, "acme", SANDBOX).plan
    assert plan_from_json(plan.canonical_json()) == plan


def test_a_run_with_a_kept_plan_needs_no_models(project: Project) -> None:
    prepare(project, "acme", SANDBOX)
    code = (
        "import sys; from tenantry_ops.project import Project; from tenantry_ops.plan_cache import prepare\n"
        f"prepare(Project.find(), 'acme', {SANDBOX!r})\n"
        "print(sorted({'pydantic', 'tenantry.spec.load', 'click', 'httpx'} & set(sys.modules)))"
    )
    variables = os.environ | {
        "PYTHONPATH": str(SUPPORT),
        "TENANTRY_ROOT": str(project.root),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
