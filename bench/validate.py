"""Validation with change detection: writes N tenant files, validates them, changes some, validates again."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_TENANT: Final = """\
spec: tenantry/v1
kind: Tenant
tenant: {tenant}
instance: {instance}
template: {template}
runtime:
  on: kubernetes
  account:
    kubeconfig: {{ref: {{env: BENCH_KUBECONFIG}}}}
    routing: {{kind: ingress, class: nginx, host_suffix: apps.example.com}}
parameters: {{shop_name: "Shop {number}", theme: {theme}, currency: CNY, language: zh}}
domains:
  - {{host: {instance}.example.com, tls: managed, dns: manual}}
plan: {plan}
overrides: {{api: {{scale: {{concurrency: {concurrency}}}}}}}
lifecycle: {{data: keep}}
labels: {{ring: {ring}}}
"""
_PROJECT: Final = "spec: tenantry/v1\nkind: Project\ncatalogue: templates\nmode: live\n"
_PULUMI: Final = "name: bench\nruntime: python\nmain: stacks/\nstackConfigDir: tenant_configs/\n"
CHANGED: Final = 10
"""Every tenth instance is changed between the two runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Seconds of one run over `instances` files, process start included; `changed` is what it found."""

    instances: int
    wall: float
    cpu: float
    changed: int


def write_project(folder: Path, templates: Path, count: int) -> None:
    """A project with `count` instances of the templates' shop, over its versions and plans."""
    folder.mkdir(parents=True)
    (folder / "tenantry.yaml").write_text(_PROJECT, encoding="utf-8")
    (folder / "Pulumi.yaml").write_text(_PULUMI, encoding="utf-8")
    shutil.copytree(templates, folder / "templates", ignore=shutil.ignore_patterns("__pycache__"))
    tenants = folder / "tenant_configs"
    tenants.mkdir()
    versions = sorted(path.name for path in (templates / "shop").iterdir() if path.is_dir())
    for number in range(count):
        instance = f"shop-{number:05}"
        text = _TENANT.format(
            tenant=f"owner-{number // 3:05}",
            instance=instance,
            template=f"shop@{versions[number % len(versions)]}",
            number=number,
            theme=("light", "dark")[number % 2],
            plan=("free", "pro")[number % 2],
            concurrency=10 + number % 40,
            ring=("canary", "stable")[number % 5 > 0],
        )
        (tenants / f"{instance}.yaml").write_text(text, encoding="utf-8")


def change(folder: Path) -> int:
    """Changes every tenth instance; the number of changed ones."""
    files = sorted((folder / "tenant_configs").glob("shop-*.yaml"))[::CHANGED]
    for file in files:
        file.write_text(file.read_text(encoding="utf-8").replace("theme: light", "theme: dark", 1), encoding="utf-8")
        if "theme: dark" not in file.read_text(encoding="utf-8"):
            raise AssertionError(f"{file} has no theme")
    return len(files)


def measure(folder: Path) -> Measured:
    """One run in a fresh process: load, resolve, compare with the fingerprints of the run before, keep the new ones."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TENANTRY_ROOT": str(folder)},
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"validation failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    count, changed = done.stdout.split()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(instances=int(count), wall=wall, cpu=cpu, changed=int(changed))


def run(scratch: Path, templates: Path, count: int) -> Measured:
    """Writes `count` instances, validates them, changes every tenth, and measures the second run.

    Raises AssertionError where the second run does not find exactly what was changed.
    """
    folder = scratch / f"validate-{count}"
    write_project(folder, templates, count)
    measure(folder)
    expected = change(folder)
    measured = measure(folder)
    if (measured.instances, measured.changed) != (count, expected):
        raise AssertionError(f"{measured} instead of {count} instances, {expected} changed")
    return measured


def main(folder: str) -> int:
    """The measured process. Prints the number of valid instances and of changed ones."""
    import json
    from pathlib import Path

    from tenantry_ops.project import Project
    from tenantry_ops.validation import validate_all

    kept = Path(folder) / "fingerprints.json"
    baseline = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else None
    report = validate_all(Project.find(Path(folder)), baseline=baseline)
    if report.invalid:
        print("\n".join(str(problem) for result in report.invalid[:5] for problem in result.problems), file=sys.stderr)
        return 1
    kept.write_text(json.dumps(report.fingerprints), encoding="utf-8")
    loaded = sorted(name for name in sys.modules if name.split(".")[0] in {"pulumi", "grpc", "httpx"})
    if loaded:
        print(f"imported although not needed: {loaded[:5]}", file=sys.stderr)
        return 1
    print(len(report.fingerprints), len(report.changed))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
