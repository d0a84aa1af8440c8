"""Modules from a proxy: the committed go.sum decides, files are copied, Go's caches can be dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from tenantry.errors import PreflightError
from tenantry_toolchain import builder, status
from tenantry_toolchain.progress import quiet
from tenantry_toolchain.recipe import Files, Recipe, required

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.toolchain.conftest import Workshop

CRDS = {"crd/one.yaml": "kind: One\n", "crd/two.yaml": "kind: Two\n", "crd/README.md": "no\n"}


def copying(workshop: Workshop, *patterns: str) -> Recipe:
    files = Files(wrapper="hello", module="example.test/dep", patterns=patterns, into="crds", mode=0o644)
    return Recipe(family="copied", version="1.0.0", files=(files,), modules=workshop.modules)


def test_a_pinned_module_is_downloaded_and_built(workshop: Workshop) -> None:
    workshop.depend(extra={})
    lines: list[str] = []
    assert builder.obtain(workshop.recipe(), lines.append).version == "1.2.3"
    assert (workshop.cache / "go-mod/example.test/dep@v1.0.0/dep.go").is_file()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda sums: sums.replace("h1:", "h1:AAAA", 1), "is not the one that was pinned|do not fit together"),
        (lambda sums: sums.replace(sums[sums.index("h1:") + 3 : sums.index("=")], "A" * 43, 1), "not the one that was"),
        (lambda sums: sums.splitlines(keepends=True)[1], "do not fit together"),
        (lambda _sums: "", "do not fit together"),
        (lambda _sums: "what is this\n", "do not fit together"),
    ],
    ids=["longer", "other", "no zip hash", "empty", "malformed"],
)
def test_a_broken_go_sum_is_refused(workshop: Workshop, spoil: object, message: str) -> None:
    sums = workshop.depend(extra={})
    assert callable(spoil)
    (workshop.modules / "hello/go.sum").write_text(spoil(sums))
    with pytest.raises(PreflightError, match=message):
        builder.obtain(workshop.recipe(), quiet)
    assert workshop.published() == []
    assert workshop.staged() == []


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "off", "https://name:secretword@127.0.0.1:1"])
def test_without_network_it_says_so(workshop: Workshop, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.depend(extra={})
    monkeypatch.setenv("GOPROXY", proxy)
    with pytest.raises(PreflightError, match="could not be downloaded") as caught:
        builder.obtain(workshop.recipe(), quiet)
    assert "GOPROXY" in caught.value.hint
    assert "secretword" not in str(caught.value)
    assert "secretword" not in (workshop.cache / "logs/hello.log").read_text()


def test_files_are_copied_so_that_neither_module_nor_go_is_needed_again(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.depend(extra=CRDS)
    stored = builder.obtain(copying(workshop, "crd/*.yaml"), quiet)
    assert sorted(path.name for path in (stored.folder / "crds").iterdir()) == ["one.yaml", "two.yaml"]
    assert stored.origin == "module"
    status.drop_build_cache()
    monkeypatch.setenv("PATH", "/nonexistent")
    assert builder.obtain(copying(workshop, "crd/*.yaml"), quiet) == stored
    assert (stored.folder / "crds/two.yaml").read_text() == "kind: Two\n"


def test_files_that_the_module_lacks_are_an_error(workshop: Workshop) -> None:
    workshop.depend(extra=CRDS)
    with pytest.raises(PreflightError, match=r"has no other/\*\.yaml"):
        builder.obtain(copying(workshop, "other/*.yaml"), quiet)


def test_files_of_an_unpinned_module_are_refused(workshop: Workshop) -> None:
    workshop.depend(extra=CRDS)
    (workshop.modules / "hello/go.sum").write_text("")
    with pytest.raises(PreflightError):
        builder.obtain(copying(workshop, "crd/*.yaml"), quiet)
    assert list(workshop.cache.glob("copied-*")) == []


def test_dropping_frees_what_is_ours_and_leaves_the_results(workshop: Workshop, tmp_path: Path) -> None:
    workshop.depend(extra={"large.txt": "x" * 50_000})
    stored = builder.obtain(workshop.recipe(), quiet)
    (workshop.cache / ".staging/hello-left").mkdir(parents=True)
    # Go makes its module cache read-only where it is not told otherwise.
    (workshop.cache / "go-mod/example.test/dep@v1.0.0").chmod(0o500)
    assert status.drop_build_cache() > 50_000
    assert not (workshop.cache / "go-mod").exists()
    assert not (workshop.cache / ".staging").exists()
    assert builder.obtain(workshop.recipe(), quiet) == stored


def test_caches_that_the_user_named_are_never_dropped(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("GOCACHE", "GOMODCACHE"):
        (tmp_path / variable).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / variable))
    assert status.drop_build_cache() == 0
    assert (tmp_path / "GOCACHE").is_dir()
    assert (tmp_path / "GOMODCACHE").is_dir()


def test_nothing_is_dropped_under_a_running_build(cache: Path) -> None:
    (cache / ".locks").mkdir(parents=True)
    (cache / "go-mod").mkdir()
    with FileLock(cache / ".locks/kubernetes.lock"), pytest.raises(PreflightError, match="kubernetes is being built"):
        status.drop_build_cache()
    assert (cache / "go-mod").is_dir()
    assert status.drop_build_cache() == 0
    assert not (cache / "go-mod").exists()


def test_a_module_that_is_not_required_is_an_error(workshop: Workshop) -> None:
    with pytest.raises(PreflightError, match="does not require"):
        required("hello", "example.test/other", modules=workshop.modules)
