"""Adapters of outsiders: the example and a newly made one, each in a wheel of its own beside Tenantry's.

Nothing of the checkout but the two wheels is installed; the kit that runs is the one in Tenantry's wheel.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Installed

EXAMPLE = Path(__file__).parents[2] / "examples" / "tenantry-host"
PIP = (
    "-m",
    "pip",
    "install",
    "--quiet",
    "--no-deps",
    "--no-index",
    "--no-build-isolation",
    "--disable-pip-version-check",
)
ONCE = "not (host-tenant or host-mode or host-runtime)"
"""Of the refusals, which are the core's own, only that of another account asks the adapter: CI's time is short."""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def built(package: Path, folder: Path) -> Path:
    """The wheel of a package, built from a copy of its sources."""
    copy = folder / "source"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def outside(wheel: Path, installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """A virtual environment of its own with Tenantry's wheel; dependencies as in `installed`."""
    folder = tmp_path_factory.mktemp("outside") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    own = Path(sysconfig.get_path("purelib", "venv", vars={"base": str(folder), "platbase": str(folder)}))
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    made = type(installed)(folder / "bin", tmp_path_factory.mktemp("outsider"))
    made.run(made.bin / "python", *PIP, wheel)
    return made


@pytest.fixture(scope="module")
def host(outside: Installed, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """With the example's wheel as well."""
    outside.run(outside.bin / "python", *PIP, built(EXAMPLE, tmp_path_factory.mktemp("host")))
    return outside


def test_the_example_is_found_beside_tenantry(host: Installed) -> None:
    found = json.loads(host.tenantry("runtimes", "--json").stdout)
    assert found["host"]["package"] == "tenantry-host"
    assert found["kubernetes"]["package"] == "tenantry"


def test_the_example_passes_its_own_tests_and_the_kit(host: Installed, tmp_path: Path) -> None:
    """As its README says, by `pytest` in its folder; without its sources, so that what runs is what is installed."""
    shutil.copy(EXAMPLE / "pyproject.toml", tmp_path)
    shutil.copytree(EXAMPLE / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    python = host.bin / "python"
    done = host.run(python, "-m", "pytest", "-p", "no:cacheprovider", "-k", ONCE, folder=tmp_path, timeout=800)
    # Nothing is expected to fail. What is skipped needs a feature that the runtime does not list.
    assert re.search(r"=+ \d+ passed(, \d+ skipped)?(, \d+ deselected)? in ", done.stdout), done.stdout
    skipped = re.findall(r"^SKIPPED .*", done.stdout, re.MULTILINE)
    assert [line for line in skipped if not re.search(r"database|bucket|schedule|migrate", line)] == []


def test_an_adapter_for_an_older_contract_is_refused(outside: Installed, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(EXAMPLE, old, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    runtime = old / "src" / "tenantry_host" / "runtime.py"
    text = runtime.read_text(encoding="utf-8")
    assert 'API_VERSION: Final = "1"' in text
    runtime.write_text(text.replace('API_VERSION: Final = "1"', 'API_VERSION: Final = "0"'), encoding="utf-8")
    (tmp_path / "wheel").mkdir()
    outside.run(outside.bin / "python", *PIP, "--force-reinstall", built(old, tmp_path / "wheel"))
    refused = outside.tenantry("runtimes", expect=12).stderr
    assert "The runtime 'host' (package tenantry-host) was written for adapter contract 0" in refused
    assert "pip install --upgrade tenantry-host" in refused
    outside.run(outside.bin / "python", "-m", "pip", "uninstall", "--quiet", "--yes", "tenantry-host")


def test_a_new_adapter_is_clean_and_its_tests_run_at_once(outside: Installed) -> None:
    outside.tenantry("adapter", "new", "mycloud")
    folder = outside.work / "tenantry-mycloud"
    outside.run(outside.bin / "python", *PIP, ".", folder=folder)
    shutil.rmtree(folder / "build", ignore_errors=True)
    tools = Path(sys.executable).parent
    outside.run(tools / "ruff", "check", "--no-cache", ".", folder=folder)
    outside.run(tools / "ruff", "format", "--check", "--no-cache", ".", folder=folder)
    outside.run(outside.bin / "python", "-m", "mypy", folder=folder)
    said = outside.run(outside.bin / "python", "-m", "pytest", "-p", "no:cacheprovider", folder=folder).stdout
    assert re.search(r"=+ \d+ passed, \d+ xfailed", said), said
    assert "rules that are not kept yet" in said
    assert "R7: the sandbox is not written yet" in said
    assert "kept now" not in said
    assert json.loads(outside.tenantry("runtimes", "--json").stdout)["mycloud"]["package"] == "tenantry-mycloud"
