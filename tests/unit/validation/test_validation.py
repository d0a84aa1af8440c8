"""Validation of many instances: every result, what changed, one process or two."""

from __future__ import annotations

import runpy
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tenantry_ops import validation
from tenantry_ops.project import Project
from tenantry_ops.validation import validate_all

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
BENCH = runpy.run_path(str(ROOT / "bench" / "validate.py"), run_name="bench.validate")
CHANGED: int = BENCH["CHANGED"]
change: Callable[[Path], int] = BENCH["change"]
write_project: Callable[[Path, Path, int], None] = BENCH["write_project"]
COUNT = 24
VERSIONS = sorted(f"shop@{folder.name}" for folder in (ROOT / "templates" / "shop").iterdir() if folder.is_dir())
"""The bench spreads its instances over every version."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TENANTRY_MODE", raising=False)
    found = tmp_path / "project"
    write_project(found, ROOT / "templates", COUNT)
    return found


def tenant(folder: Path, number: int) -> Path:
    return folder / "tenant_configs" / f"shop-{number:05}.yaml"


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_all_are_valid(folder: Path) -> None:
    report = validate_all(Project.find(folder))
    assert report.invalid == []
    assert len(report.fingerprints) == COUNT
    assert len(set(report.fingerprints.values())) == COUNT
    assert {found.template for found in report.results.values()} == set(VERSIONS)
    assert (report.changed, report.added, report.removed, report.unchanged) == ((), (), (), ())


def test_processes_say_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "_CHUNK", 5)
    edit(tenant(folder, 7), "theme: dark", "theme: drak")
    one = validate_all(Project.find(folder), processes=1)
    two = validate_all(Project.find(folder), processes=2)
    assert one == two
    assert list(one.results) == list(two.results)
    assert len(one.invalid) == 1


def test_what_changed(folder: Path) -> None:
    baseline = validate_all(Project.find(folder)).fingerprints
    same = validate_all(Project.find(folder), baseline=baseline)
    assert len(same.unchanged) == COUNT
    assert same.changed == same.added == same.removed == ()
    assert change(folder) == len(range(0, COUNT, CHANGED))
    tenant(folder, 1).unlink()
    del baseline["shop-00002"]
    report = validate_all(Project.find(folder), baseline=baseline)
    assert report.changed == tuple(f"shop-{number:05}" for number in range(0, COUNT, CHANGED))
    assert report.removed == ("shop-00001",)
    assert report.added == ("shop-00002",)


def test_a_comment_changes_nothing_and_a_template_everything(folder: Path) -> None:
    baseline = validate_all(Project.find(folder)).fingerprints
    edit(tenant(folder, 3), "plan: pro", "plan: pro   # paid until May")
    assert validate_all(Project.find(folder), baseline=baseline).changed == ()
    (folder / "templates" / "lock.yaml").unlink(missing_ok=True)
    page = folder / "templates" / "shop" / "1.0.0" / "web" / "index.html"
    page.write_text(page.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    changed = validate_all(Project.find(folder), baseline=baseline).changed
    assert len(changed) == COUNT // len(VERSIONS)


def test_some_of_them(folder: Path) -> None:
    report = validate_all(Project.find(folder), ["shop-00003", "shop-00001"], baseline={"shop-00009": "sha256:x"})
    assert list(report.results) == ["shop-00001", "shop-00003"]
    assert report.removed == ()


@pytest.mark.parametrize(
    ("break_it", "error", "path", "message"),
    [
        (lambda f: edit(f, "plan: free", "plan: fere"), "SpecError", "plan", "did you mean free?"),
        (lambda f: edit(f, "theme: light", "theme: green"), "SpecError", "parameters.theme", "light, dark"),
        (lambda f: edit(f, "routing:", "ruoting:"), "SpecError", "runtime.account.ruoting", "did you mean routing?"),
        (lambda f: edit(f, "shop@1.0.0", "shop@9.0.0"), "CatalogueError", "template", "no version 9.0.0"),
        (lambda f: edit(f, "shop@1.0.0", "shpo@1.0.0"), "CatalogueError", "template", "did you mean shop?"),
        (lambda f: edit(f, "on: kubernetes", "on: kuberentes"), "AdapterError", "runtime.on", "kuberentes"),
        (
            lambda f: edit(f, "plan: free", "plan: free\nstate: {backend: other}"),
            "SpecError",
            "state.backend",
            "no backend `other`",
        ),
        (
            lambda f: edit(f, "plan: free", "plan: free\noverlay: {path: ./o, base: shop@1.0.0}"),
            "CatalogueError",
            "overlay",
            "there is no overlay",
        ),
        (lambda f: f.write_bytes(b"\xff\xfe"), "SpecError", "", "UTF-8"),
        (lambda f: f.write_bytes(b""), "SpecError", "", "empty"),
        (lambda f: f.write_bytes(b"a: *b"), "SpecError", "", "anchor"),
        (lambda f: (f.unlink(), f.mkdir()), "SpecError", "", "regular file"),
    ],
)
def test_a_broken_one_hides_no_other(
    folder: Path, break_it: Callable[[Path], object], error: str, path: str, message: str
) -> None:
    break_it(tenant(folder, 4))
    report = validate_all(Project.find(folder))
    (broken,) = report.invalid
    assert (broken.instance, broken.error, broken.fingerprint) == ("shop-00004", error, None)
    assert broken.exit_code > 1
    assert broken.problems[0].path == path
    assert broken.problems[0].file == "tenant_configs/shop-00004.yaml"
    assert message in str(broken.problems[0])
    assert len(report.fingerprints) == COUNT - 1


def test_a_broken_template_is_loaded_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenantry.catalogue import Catalogue

    (folder / "templates" / "lock.yaml").unlink(missing_ok=True)
    edit(folder / "templates" / "shop" / "1.0.0" / "template.yaml", "type: site", "type: sight")
    opened: list[str] = []
    real = Catalogue.open

    def counting(self: Catalogue, selector: str) -> object:
        opened.append(selector)
        return real(self, selector)

    monkeypatch.setattr(Catalogue, "open", counting)
    report = validate_all(Project.find(folder))
    assert sorted(opened) == VERSIONS
    assert len(report.invalid) == COUNT // len(VERSIONS)
    assert all("did you mean site?" in str(found.problems[0]) for found in report.invalid)


def test_a_second_process_only_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    # Other tests of this worker may have left threads behind.
    monkeypatch.setattr("threading.active_count", lambda: 1)
    assert validation._workers(validation.POOL_FROM - 1) == 1
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 1}, raising=False)
    assert validation._workers(validation.POOL_FROM) == 2
    monkeypatch.undo()
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 1}, raising=False)
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert validation._workers(validation.POOL_FROM) == 1
    finally:
        done.set()
        thread.join()


def test_neither_engine_nor_pulumi(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tenantry_ops.project import Project\n"
        "from tenantry_ops.validation import validate_all\n"
        f"report = validate_all(Project.find(Path({str(folder)!r})))\n"
        "assert not report.invalid\n"
        "print([name for name in ('pulumi', 'pulumi_kubernetes', 'grpc', 'httpx', 'aiohttp') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
