"""The real engine and the real control plane, as this machine obtained them."""

from __future__ import annotations

import http.server
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tenantry.errors import PreflightError
from tenantry_toolchain import builder, controlplane, engine, gatewayapi, go, installer, recipes
from tenantry_toolchain.doctor import checks

if TYPE_CHECKING:
    from tenantry_toolchain.recipe import Recipe

pytestmark = pytest.mark.integration

PROGRAM = "import pulumi\npulumi.export('answer', pulumi.get_stack())\n"
PROJECT = "name: probe\nruntime: python\n"


@pytest.fixture(scope="module")
def plane() -> controlplane.ControlPlane:
    return controlplane.ensure()


def run(*command: str | Path, cwd: Path | None = None, **variables: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | variables, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_engine_is_of_a_supported_version_and_complete() -> None:
    found = engine.ensure()
    assert run(found.pulumi, "version").strip() == f"v{found.version}"
    assert found.host.with_name("pulumi-language-python-exec").is_file()
    assert found.folder == found.pulumi.parent


def test_the_engine_runs_a_python_program(tmp_path: Path) -> None:
    found = engine.ensure()
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "state").mkdir()
    variables = {
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "x",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    run(found.pulumi, "stack", "init", "one", "--non-interactive", cwd=tmp_path, **variables)
    said = run(found.pulumi, "up", "--yes", "--skip-preview", "--non-interactive", cwd=tmp_path, **variables)
    assert "warning" not in said
    assert run(found.pulumi, "stack", "output", "answer", cwd=tmp_path, **variables).strip() == "one"


def test_once_it_is_there_nothing_is_said_and_nothing_is_needed(
    plane: controlplane.ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    definitions = gatewayapi.crds()
    first = engine.ensure()
    monkeypatch.setattr(go, "find", lambda: None)
    lines: list[str] = []
    assert engine.ensure(lines.append) == first
    assert controlplane.ensure(lines.append) == plane
    assert gatewayapi.crds(lines.append) == definitions
    assert lines == []


def test_the_doctor_finds_a_ready_machine(plane: controlplane.ControlPlane) -> None:
    gatewayapi.crds()
    assert [check for check in checks() if check.state == "fail"] == []


@pytest.mark.parametrize("recipe", recipes.every(), ids=lambda recipe: recipe.family)
def test_without_network_a_real_build_fails_at_once_and_says_what_to_do(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if go.find() is None:
        pytest.skip("Go is not installed: this is about a machine that has it, but no network")
    monkeypatch.setenv("TENANTRY_CACHE", str(tmp_path))
    monkeypatch.setenv("GOPROXY", "https://127.0.0.1:1")
    monkeypatch.delenv("GOMODCACHE", raising=False)
    started = time.monotonic()
    with pytest.raises(PreflightError, match="could not be downloaded") as caught:
        builder.obtain(recipe, lambda _line: None)
    assert time.monotonic() - started < 60
    assert "GOPROXY" in caught.value.hint
    assert list(tmp_path.glob(f"{recipe.family}-*")) == []


def test_the_official_installer_is_tried_for_a_short_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulumi's own installer code, against a host that accepts connections and never answers."""
    monkeypatch.setenv("TENANTRY_CACHE", str(tmp_path))
    monkeypatch.setattr(installer, "PROBE_SECONDS", 4.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(PreflightError, match="could not be reached"):
            installer.obtain(lambda _line: None)
    assert time.monotonic() - started < 20


def test_a_host_that_answers_is_given_more_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child says so once its first download arrived, whatever downloads it."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            pass

    package = tmp_path / "fake/pulumi"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (package / "automation.py").write_text(
            "import time, urllib.request\n"
            "class PulumiCommand:\n"
            "    @staticmethod\n"
            "    def install(root):\n"
            f"        urllib.request.urlopen('http://127.0.0.1:{server.server_address[1]}/').close()\n"
            "        time.sleep(3)\n"
            "        raise RuntimeError('later')\n"
        )
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))
        monkeypatch.setenv("TENANTRY_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(installer, "PROBE_SECONDS", 2.5)
        with pytest.raises(PreflightError, match="it failed: RuntimeError: later"):
            installer.obtain(lambda _line: None)
        server.shutdown()
