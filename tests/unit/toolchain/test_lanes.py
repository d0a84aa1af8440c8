"""Two builds at once, and modules that are downloaded before they are needed."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from tenantry_toolchain import builder, gatewayapi, install, lanes
from tenantry_toolchain.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.toolchain.conftest import Workshop


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets `python -m tenantry_toolchain` do what the given lines say."""

    def make(lines: str) -> None:
        package = tmp_path / "packages" / "tenantry_toolchain"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "__main__.py").write_text("import os, sys, time\n" + textwrap.dedent(lines))
        monkeypatch.setenv("PYTHONPATH", str(package.parent))

    return make


def ends(pid: int) -> bool:
    """Whether the process ends within ten seconds; one that nobody has asked for its status has ended."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_it_runs_beside_the_body_is_waited_for_and_tells_its_progress(module: Callable[[str], None]) -> None:
    module("time.sleep(0.5)\nprint('done', *sys.argv[1:], file=sys.stderr)\nsys.exit(3)\n")
    lines: list[str] = []
    with lanes.beside(lines.append, "install", "--control-plane"):
        assert lines == []
    assert lines == ["done install --control-plane"]


def test_it_ends_at_once_where_the_body_fails(module: Callable[[str], None]) -> None:
    module("print(os.getpid(), file=sys.stderr, flush=True)\ntime.sleep(60)\n")
    lines: list[str] = []

    def fail() -> None:
        with lanes.beside(lines.append):
            while not lines:
                time.sleep(0.05)
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        fail()
    assert time.monotonic() - began < 20
    assert ends(int(lines[0]))


def test_it_ends_with_this_process(module: Callable[[str], None], tmp_path: Path) -> None:
    module("print(os.getpid(), file=sys.stderr, flush=True)\ntime.sleep(60)\n")
    code = (
        f"import importlib.util, os, sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        f"spec = importlib.util.spec_from_file_location('lanes', {lanes.__file__!r})\n"
        "lanes = importlib.util.module_from_spec(spec)\n"
        f"sys.path[:0] = {[path for path in sys.path if path]!r}\n"
        "spec.loader.exec_module(lanes)\n"
        "def tell(line):\n    print(line, flush=True)\n    os._exit(9)\n"
        "with lanes.beside(tell):\n    pass\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    inner = str(tmp_path / "packages")
    code = f"import os; os.environ['PYTHONPATH'] = {inner!r}\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 9, done.stderr
    assert ends(int(done.stdout))


def test_modules_are_downloaded_before_anything_is_built(workshop: Workshop) -> None:
    workshop.depend(extra={})
    lines: list[str] = []
    builder.download(workshop.recipe(), lines.append)
    assert (workshop.cache / "go-mod/example.test/dep@v1.0.0/dep.go").is_file()
    assert lines == ["Downloading modules of hello 1.2.3 ..."]
    assert workshop.published() == []


@pytest.mark.parametrize("roomy", [True, False])
def test_the_control_plane_is_built_beside_the_engine_where_both_are_missing(
    bare_path: Path, monkeypatch: pytest.MonkeyPatch, *, roomy: bool
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(lanes, "roomy", lambda: roomy)
    monkeypatch.setattr(lanes, "beside", lambda _progress, *words: _Beside(calls, words))
    for name in ("engine", "controlplane", "objectstore"):
        monkeypatch.setattr(getattr(install, name), "ensure", lambda _progress, name=name: calls.append(name))
    monkeypatch.setattr(gatewayapi, "crds", lambda _progress: calls.append("crds"))
    install.install(with_engine=True, with_control_plane=True, progress=quiet)
    beside = ["install --control-plane --download-first", "engine", "beside ended"] if roomy else []
    assert calls == [*beside, "engine", "controlplane", "objectstore", "crds"]


class _Beside:
    def __init__(self, calls: list[str], words: tuple[str, ...]) -> None:
        self._calls = calls
        calls.append(" ".join(words))

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self._calls.append("beside ended")
