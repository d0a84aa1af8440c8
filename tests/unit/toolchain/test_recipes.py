"""The shipped recipes fit the wrappers, the Python package and each other."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from types import SimpleNamespace

import psutil
import pytest

from tenantry.errors import PreflightError
from tenantry_toolchain import go, recipes
from tenantry_toolchain.recipe import MODULES, target
from tenantry_toolchain.refusal import MINIMUM, refusal

WRAPPERS = sorted(path.name for path in MODULES.iterdir())


def test_every_wrapper_is_used() -> None:
    assert sorted(wrapper for recipe in recipes.every() for wrapper in recipe.wrappers) == WRAPPERS


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_wrapper_needs_no_newer_go_than_we_say(wrapper: str) -> None:
    found = re.search(r"^go (\d+)\.(\d+)", (MODULES / wrapper / "go.mod").read_text(), re.MULTILINE)
    assert found is not None
    assert (int(found.group(1)), int(found.group(2))) <= MINIMUM


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_what_a_wrapper_is_for_is_pinned_by_the_hash_of_its_source(wrapper: str) -> None:
    pinned = re.findall(r"^require ([^\s(]+) (v\S+)$", (MODULES / wrapper / "go.mod").read_text(), re.MULTILINE)
    sums = (MODULES / wrapper / "go.sum").read_text()
    assert pinned
    assert [(module, version) for module, version in pinned if f"{module} {version} h1:" not in sums] == []


def test_the_engine_is_of_the_version_of_the_python_package() -> None:
    assert recipes.engine().version == importlib.metadata.version("pulumi")


def test_versions_are_stamped() -> None:
    engine, kubernetes = recipes.engine(), recipes.kubernetes()
    for program in engine.programs:
        assert f"sdk/v3/go/common/version.Version=v{engine.version}" in " ".join(program.flags)
    for program in kubernetes.programs:
        assert f"component-base/version.gitVersion=v{kubernetes.version}" in " ".join(program.flags)
        assert "gitMajor=1" in " ".join(program.flags)


def test_families_have_folders_of_their_own() -> None:
    names = [recipe.slot.name for recipe in recipes.every()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z-]+-[0-9a-f]{12}", name) for name in names)


def test_the_fingerprint_knows_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    slots = set()
    for machine in ("x86_64", "aarch64", "arm64"):
        monkeypatch.setattr(platform, "machine", lambda named=machine: named)
        slots.add(recipes.etcd().slot)
    assert len(slots) == 2


def test_a_platform_without_go_builds_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "sparc")
    with pytest.raises(PreflightError, match=r"does not run on .* sparc"):
        target()


@pytest.mark.parametrize(
    ("gib", "processors", "expected"),
    [
        ((24, 22), 2, (2, "off")),
        ((12, 10), 2, (2, "200")),
        ((8, 5), 2, (2, "100")),
        ((4, 3), 8, (2, "50")),
        ((1, 1), 8, (1, "50")),
        ((64, 60), 32, (8, "200")),
    ],
)
def test_memory_decides_how_hard_the_compiler_is_driven(
    gib: tuple[int, int], processors: int, expected: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = SimpleNamespace(total=gib[0] << 30, available=gib[1] << 30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(processors)), raising=False)
    assert (go.jobs(), go.garbage()) == expected


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("write /x: no space left on device", "is full"),
        ("go: updates to go.mod needed; to update it: go mod tidy", "do not fit together"),
        ("verifying example.test/a@v1.0.0: checksum mismatch\nSECURITY ERROR", "not the one that was pinned"),
        ("compile: signal: killed", "lack of memory"),
        ('Get "https://proxy.test/x": dial tcp: lookup proxy.test: no such host', "could not be downloaded"),
        ("example.test/a@v1: reading https://proxy.test/a.zip: 502 Bad Gateway", "could not be downloaded"),
        ("go: go.mod requires go >= 1.26 (running go 1.22.1; GOTOOLCHAIN=local)", "too old"),
        ("./x.go:3:1: syntax error", "could not be built"),
        ("", "could not be built"),
    ],
)
def test_refusals_are_understood(output: str, message: str) -> None:
    error = refusal("hello", output)
    assert message in error.message
    assert error.hint
