"""Which engine is taken, by version, place and setting."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tenantry.errors import PreflightError
from tenantry_toolchain import cache as caches
from tenantry_toolchain import engine, installer, recipes
from tenantry_toolchain.cache import Made
from tenantry_toolchain.progress import quiet
from tenantry_toolchain.versions import Version, parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOST = ("pulumi-language-python", "pulumi-language-python-exec")


@pytest.fixture
def pulumi(bare_path: Path, script: Callable[[Path, str], Path]) -> Callable[[str], Path]:
    """Puts a `pulumi` that says a version, and its language host, on PATH; it notes each start in `starts`."""

    def put(version: str) -> Path:
        starts = bare_path.parent / "starts"
        script(bare_path / "pulumi", f"#!/bin/sh\necho x >> {starts}\necho {version}\n")
        for name in HOST:
            script(bare_path / name, "#!/bin/sh\n")
        return starts

    return put


def store(slot: caches.Slot, version: str, origin: str) -> caches.Stored:
    """A finished engine in the cache."""

    def make(stage: Path) -> Made:
        (stage / "bin").mkdir()
        for name in ("pulumi", *HOST):
            (stage / "bin" / name).write_text("#!/bin/sh\n")
            (stage / "bin" / name).chmod(0o755)
        return Made(version=version, origin=origin, details={})

    return caches.obtain(slot, make, quiet)


@pytest.mark.parametrize("version", ["v3.219.0", "v3.259.0", "3.300.1", "v3.999.0-alpha.1+dirty"])
def test_a_supported_engine_on_path_is_taken(pulumi: Callable[[str], Path], bare_path: Path, version: str) -> None:
    pulumi(version)
    found = engine.ensure()
    assert (found.origin, found.pulumi, found.folder) == ("path", bare_path / "pulumi", bare_path)
    assert found.host == bare_path / "pulumi-language-python"
    assert found.version == version.removeprefix("v").removesuffix("+dirty")
    assert found.modern_host


@pytest.mark.parametrize("version", ["v3.218.9", "v3.219.0-beta.1", "v2.99.0", "v4.0.0", "v4.1.2", "nonsense", ""])
def test_an_unsupported_engine_is_not_taken(pulumi: Callable[[str], Path], version: str) -> None:
    pulumi(version)
    assert engine.find() is None


def test_an_engine_is_asked_for_its_version_once(
    pulumi: Callable[[str], Path], bare_path: Path, script: Callable[[Path, str], Path]
) -> None:
    starts = pulumi("v3.259.0")
    assert engine.find() == engine.find() == engine.ensure()
    assert starts.read_text().split() == ["x"]
    script(bare_path / "pulumi", "#!/bin/sh\necho v3.260.0 ${IGNORED:-}\n")
    found = engine.find()
    assert found is not None
    assert found.version == "3.260.0"


@pytest.mark.parametrize("memo", ["", "[]", "{", '{"a": 1}', '{"a": {}}', "null", '{"a": ["x"]}'])
def test_a_damaged_memory_of_versions_is_only_forgotten(pulumi: Callable[[str], Path], cache: Path, memo: str) -> None:
    starts = pulumi("v3.259.0")
    cache.mkdir()
    (cache / "versions.json").write_text(memo)
    assert engine.find() is not None
    assert engine.find() is not None
    assert starts.read_text().split() == ["x"]


@pytest.mark.parametrize("missing", HOST)
def test_an_engine_without_its_language_host_is_not_taken(
    pulumi: Callable[[str], Path], bare_path: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulumi("v3.259.0")
    (bare_path / missing).unlink()
    monkeypatch.setenv("TENANTRY_ENGINE", "path")
    with pytest.raises(PreflightError, match="pulumi-language-python and pulumi-language-python-exec are missing"):
        engine.ensure()


def test_a_linked_engine_finds_the_host_beside_the_file(
    bare_path: Path, tmp_path: Path, script: Callable[[Path, str], Path]
) -> None:
    real = tmp_path / "opt"
    script(real / "pulumi", "#!/bin/sh\necho v3.259.0\n")
    for name in HOST:
        script(real / name, "#!/bin/sh\n")
    (bare_path / "pulumi").symlink_to(real / "pulumi")
    found = engine.find()
    assert found is not None
    assert found.host == real / "pulumi-language-python"


def test_the_cache_is_used_where_path_has_none_and_is_not_mistaken_for_path(
    bare_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = store(recipes.engine().slot, "3.259.0", "build")
    monkeypatch.setenv("PATH", f"{stored.folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
    found = engine.find()
    assert found is not None
    assert (found.origin, found.folder, found.modern_host) == ("build", stored.folder / "bin", False)


def test_the_ways_have_an_order_and_a_setting(
    pulumi: Callable[[str], Path], bare_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(recipes.engine().slot, "3.259.0", "build")
    store(installer.slot(), "3.259.0", "installer")
    pulumi("v3.259.0")
    origins = []
    for way in ("", "path", "installer", "build"):
        monkeypatch.setenv("TENANTRY_ENGINE", way)
        origins.append(engine.ensure().origin)
    monkeypatch.delenv("TENANTRY_ENGINE")
    (bare_path / "pulumi").unlink()
    origins.append(engine.ensure().origin)
    assert origins == ["path", "path", "installer", "build", "installer"]


def test_an_unknown_way_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_ENGINE", "magic")
    with pytest.raises(PreflightError, match="'magic', which is none of path, installer, build"):
        engine.find()


def test_where_nothing_works_it_says_why_and_what_to_install(
    pulumi: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pulumi("v3.100.0")

    def unreachable(_progress: object) -> caches.Stored:
        raise PreflightError("its host could not be reached: no route.")

    monkeypatch.setattr(installer, "obtain", unreachable)
    with pytest.raises(PreflightError) as caught:
        engine.ensure()
    for part in ("3.100.0; supported are 3.219.0", "official installer: its host", "Go is not installed"):
        assert part in caught.value.message
    assert "Install the Pulumi command line" in caught.value.hint
    assert "Install Go 1.26" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v3.259.0", Version(3, 259, 0)),
        ("etcd Version: 3.6.16\nGit SHA: x", Version(3, 6, 16)),
        ("Kubernetes v1.36.3", Version(1, 36, 3)),
        ("3.1.0-alpha.5", Version(3, 1, 0, "alpha.5")),
        ("three", None),
    ],
)
def test_versions_are_read_from_what_programs_say(text: str, version: Version | None) -> None:
    assert parse(text) == version


def test_versions_sort() -> None:
    shuffled = [Version(4, 0, 0), Version(3, 10, 0), Version(3, 9, 0), Version(3, 10, 0, "b"), Version(3, 10, 0, "a")]
    assert [str(version) for version in sorted(shuffled)] == ["3.9.0", "3.10.0-a", "3.10.0-b", "3.10.0", "4.0.0"]
