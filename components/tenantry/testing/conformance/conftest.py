"""Parametrises the kit from the registry."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tenantry import registry
from tenantry.testing.catalogues import write_catalogue
from tenantry.testing.gaps import Gaps, KitSettings
from tenantry.testing.operator import Operator
from tenantry.testing.shared import SharedSandboxes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenantry.contract.runtime import RuntimeAdapter

PROBE_TOKEN = "kit-token-7f3a9c"  # noqa: S105 - a sentinel that must never show up anywhere


def pytest_configure(config: pytest.Config) -> None:
    """Takes what the package under test says of itself."""
    config.pluginmanager.register(Gaps(KitSettings.read(config.rootpath)), "tenantry-kit-gaps")


def chosen_runtimes(usual: Sequence[str] = ()) -> list[str]:
    """Those named in TENANTRY_KIT_RUNTIMES, else the usual ones, else every installed runtime."""
    installed = registry.runtimes()
    named = [name for name in os.environ.get("TENANTRY_KIT_RUNTIMES", "").split(",") if name]
    wanted = named or list(usual)
    unknown = sorted(set(wanted) - set(installed))
    if unknown:
        source = "TENANTRY_KIT_RUNTIMES" if named else "[tool.tenantry.kit] of pyproject.toml"
        raise pytest.UsageError(f"{source} names what is not installed: {', '.join(unknown)}")
    return wanted or installed


def variants(usual: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Pairs of runtime and account variant."""
    return [(name, variant) for name in chosen_runtimes(usual) for variant in registry.sandbox(name).accounts()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives `runtime` every runtime, and `variant` every pair of runtime and account variant."""
    usual = KitSettings.read(metafunc.config.rootpath).runtimes
    if "variant" in metafunc.fixturenames:
        pairs = variants(usual)
        metafunc.parametrize("variant", pairs, ids=["-".join(pair) for pair in pairs], scope="module")
    elif "runtime" in metafunc.fixturenames:
        metafunc.parametrize("runtime", chosen_runtimes(usual), scope="module")


@pytest.fixture
def adapter(runtime: str) -> RuntimeAdapter:
    """The adapter under test."""
    return registry.runtime(runtime)


@pytest.fixture(scope="session")
def operators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Operator]]:
    """Operators by runtime, made on demand. Those of all workers of a run share one sandbox per runtime."""
    made = _Operators(tmp_path_factory)
    yield made
    for operator in made.values():
        operator.stop()


class _Operators(dict[str, Operator]):
    def __init__(self, paths: pytest.TempPathFactory) -> None:
        super().__init__()
        self._paths = paths

    def __missing__(self, runtime: str) -> Operator:
        root = self._paths.mktemp(f"kit-{runtime}") / "project"
        shared = SharedSandboxes.of_run(self._paths)
        operator = Operator(root, runtime, {"PROBE_TOKEN": PROBE_TOKEN}, shared)
        self[runtime] = operator
        features = registry.runtime(runtime).capabilities().features
        able = [name for name, feature in features.items() if feature.support != "no"]
        operator.start(write_catalogue(root.parent / "catalogue", able))
        return operator
