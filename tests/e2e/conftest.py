"""The wheel, installed into an environment of its own, and an operator's project made with it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from tenantry.testing.operator import Operator
from tenantry.testing.shared import SharedSandboxes, run_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]


class Installed:
    """`tenantry` as installed from the wheel, called as a user does.

    Args:
        bin_folder: of the environment.
        work: the current folder of every call.
    """

    def __init__(self, bin_folder: Path, work: Path) -> None:
        self.bin = bin_folder
        self.work = work
        kept = {
            name: text for name, text in os.environ.items() if not name.startswith(("PULUMI_", "TENANTRY_", "PYTHON"))
        }
        cache = {name: os.environ[name] for name in ("TENANTRY_CACHE", "TENANTRY_ENGINE") if name in os.environ}
        path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
        self.environment = kept | cache | {"PATH": path, "VIRTUAL_ENV": str(bin_folder.parent)}

    def run(
        self,
        *args: str | Path,
        expect: int = 0,
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
        stdin: str | None = None,
        timeout: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program of the environment; fails the test where the exit code is another one."""
        done = subprocess.run(
            [str(arg) for arg in args],
            cwd=folder or self.work,
            env=self.environment | dict(variables or {}),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        shown = f"{args}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in shown, shown
        assert done.returncode == expect, shown
        return done

    def tenantry(self, *args: str, expect: int = 0, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Runs `tenantry ARGS`."""
        return self.run(self.bin / "tenantry", *args, expect=expect, folder=folder)

    def bash(self, script: str, *, expect: int = 0, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a script in bash, the environment activated."""
        return self.run("bash", "-euo", "pipefail", "-c", script, expect=expect, folder=folder)


@contextmanager
def once(paths: pytest.TempPathFactory, name: str) -> Iterator[tuple[Path, bool]]:
    """A folder that all workers of a run share, and whether it is filled: the first to come fills it."""
    folder = run_folder(paths) / name
    folder.mkdir(exist_ok=True)
    with FileLock(folder / ".lock"):
        done = folder / ".done"
        yield folder, done.exists()
        done.touch()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    with once(tmp_path_factory, "wheel") as (folder, filled):
        if not filled:
            command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in a new virtual environment.

    Its dependencies are those of the environment that runs the tests, reached by a path file: they are locked and
    installed there already, and the checkout itself is not visible through it.
    """
    with once(tmp_path_factory, "installed") as (shared, filled):
        folder = shared / "venv"
        scripts = folder / "bin"
        if not filled:
            _install(wheel, folder)
    return Installed(scripts, tmp_path_factory.mktemp("operator"))


def _install(wheel: Path, folder: Path) -> None:
    venv.create(folder, with_pip=False, symlinks=True)
    own = Path(sysconfig.get_path("purelib", "venv", vars={"base": str(folder), "platbase": str(folder)}))
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)]
    python = str(folder / "bin" / "python")
    done = subprocess.run([python, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(installed: Installed, request: pytest.FixtureRequest) -> Iterator[Path]:
    """An operator's project with a running sandbox, one for each file of tests: a worker may run several."""
    folder = request.path.stem.replace("_", "-")
    installed.tenantry("init", folder, "--name", "shops")
    root = installed.work / folder
    installed.tenantry("sandbox", "up", folder=root)
    yield root
    installed.tenantry("sandbox", "down", folder=root)


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """A project with the checkout's templates, on the sandbox that the whole run shares."""
    shared = SharedSandboxes.of_run(tmp_path_factory)
    operator = Operator(tmp_path_factory.mktemp("shops") / "project", "kubernetes", sandboxes=shared)
    operator.start(ROOT / "templates")
    yield operator
    operator.stop()
