"""Which control plane is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenantry.errors import PreflightError
from tenantry_toolchain import cache as caches
from tenantry_toolchain import controlplane, gatewayapi, recipes
from tenantry_toolchain.cache import Made
from tenantry_toolchain.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenantry_toolchain.recipe import Recipe

SERVERS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


@pytest.fixture
def put(bare_path: Path, script: Callable[[Path, str], Path]) -> Callable[..., None]:
    """Puts the four programs on PATH; those named get another version."""

    def put(**versions: str) -> None:
        pinned = recipes.kubernetes().version
        for name in ("etcd", *SERVERS):
            usual = f"etcd Version: {recipes.etcd().version}" if name == "etcd" else f"Kubernetes v{pinned}"
            said = versions.get(name.replace("-", "_"), usual)
            script(bare_path / name, f"#!/bin/sh\n[ $1 = --version ] && echo '{said}'\n")

    return put


def store(recipe: Recipe) -> None:
    def make(stage: Path) -> Made:
        (stage / "bin").mkdir()
        for program in recipe.programs:
            (stage / "bin" / program.name).write_text("x")
        return Made(version=recipe.version, origin="build", details={})

    caches.obtain(recipe.slot, make, quiet)


def test_four_fitting_programs_on_path_are_taken(put: Callable[..., None], bare_path: Path) -> None:
    put()
    found = controlplane.ensure()
    assert found.origin == "path"
    assert found.etcd == bare_path / "etcd"
    assert found.kube_apiserver == bare_path / "kube-apiserver"
    assert found.kube_controller_manager == bare_path / "kube-controller-manager"
    assert found.kube_scheduler == bare_path / "kube-scheduler"
    assert (found.version, found.etcd_version) == (recipes.kubernetes().version, recipes.etcd().version)


def test_another_patch_of_the_same_minor_is_taken(put: Callable[..., None]) -> None:
    put(**dict.fromkeys(("kube_apiserver", "kube_controller_manager", "kube_scheduler"), "Kubernetes v1.36.99"))
    found = controlplane.find()
    assert found is not None
    assert found.version == "1.36.99"


@pytest.mark.parametrize(
    ("versions", "reason"),
    [
        ({"etcd": "etcd Version: 3.4.0"}, "3.4.0"),
        ({"kube_apiserver": "Kubernetes v1.20.0"}, "1.20.0"),
        ({"kube_scheduler": "Kubernetes v1.36.99"}, "different versions"),
        ({"kube_scheduler": "who knows"}, "unknown version"),
    ],
)
def test_other_versions_are_not_taken(
    put: Callable[..., None], versions: dict[str, str], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(**versions)
    assert controlplane.find() is None
    monkeypatch.setenv("TENANTRY_CONTROL_PLANE", "path")
    with pytest.raises(PreflightError, match=reason):
        controlplane.ensure()


def test_the_built_one_is_taken_only_when_complete(bare_path: Path) -> None:
    store(recipes.etcd())
    assert controlplane.find() is None
    store(recipes.kubernetes())
    found = controlplane.find()
    assert found is not None
    assert found.origin == "build"
    assert controlplane.ensure() == found
    assert found.kube_scheduler.is_file()
    assert found.etcd.is_file()


def test_without_go_it_says_what_to_do(bare_path: Path) -> None:
    with pytest.raises(PreflightError, match="Go is not installed") as caught:
        controlplane.ensure()
    assert "Install Go 1.26" in caught.value.hint
    assert "Kubernetes 1.36 and etcd 3.6" in caught.value.hint
    assert gatewayapi.find() is None
    with pytest.raises(PreflightError, match="Go is not installed"):
        gatewayapi.crds()
