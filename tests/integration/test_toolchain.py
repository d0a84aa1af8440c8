"""The real engine and the real control plane, as this machine obtained them."""

from __future__ import annotations

import http.server
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tenantry.errors import PreflightError
from tenantry_toolchain import builder, controlplane, engine, gatewayapi, go, installer, recipes
from tenantry_toolchain.doctor import checks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry_toolchain.recipe import Recipe

pytestmark = pytest.mark.integration

TOKEN = "toolchain-test"
PROGRAM = "import pulumi\npulumi.export('answer', pulumi.get_stack())\n"
PROJECT = "name: probe\nruntime: python\n"


@pytest.fixture(scope="module")
def plane() -> controlplane.ControlPlane:
    return controlplane.ensure()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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


@pytest.fixture(scope="module")
def api(plane: controlplane.ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Kubernetes API server that is ready."""
    folder = tmp_path_factory.mktemp("plane")
    store, peer, port = (free_port() for _ in range(3))
    run("openssl", "genrsa", "-out", folder / "sa.key", "2048")
    (folder / "tokens.csv").write_text(f'{TOKEN},admin,admin,"system:masters"\n')
    etcd = subprocess.Popen(
        [
            plane.etcd,
            f"--data-dir={folder / 'etcd'}",
            f"--listen-client-urls=http://127.0.0.1:{store}",
            f"--advertise-client-urls=http://127.0.0.1:{store}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = subprocess.Popen(
        [
            plane.kube_apiserver,
            f"--etcd-servers=http://127.0.0.1:{store}",
            f"--secure-port={port}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={folder / 'certs'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={folder / 'sa.key'}",
            f"--service-account-signing-key-file={folder / 'sa.key'}",
            "--authorization-mode=RBAC",
            f"--token-auth-file={folder / 'tokens.csv'}",
            "--service-cluster-ip-range=10.0.0.0/24",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"https://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 90
        while ask(address, "/readyz")[1] != "ok":
            assert server.poll() is None, "the API server ended"
            assert time.monotonic() < deadline, "the API server is not ready"
            time.sleep(0.3)
        yield address
    finally:
        # Without its store the API server does not end by itself.
        for process in (server, etcd):
            process.kill()
            process.wait()


def ask(address: str, path: str, body: bytes | None = None) -> tuple[int, str]:
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    headers = {"Authorization": f"Bearer {TOKEN}"} | ({"Content-Type": "application/yaml"} if body else {})
    request = urllib.request.Request(address + path, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, context=trusting, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def test_the_api_server_says_the_pinned_version(api: str, plane: controlplane.ControlPlane) -> None:
    status, body = ask(api, "/version")
    assert status == 200
    assert yaml.safe_load(body)["gitVersion"] == f"v{plane.version}"


def test_the_api_server_takes_every_gateway_definition(api: str) -> None:
    names = []
    for file in gatewayapi.crds():
        status, body = ask(api, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", file.read_bytes())
        assert status == 201, body
        names.append(yaml.safe_load(file.read_text())["metadata"]["name"])
    assert "httproutes.gateway.networking.k8s.io" in names
    assert "gateways.gateway.networking.k8s.io" in names


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


def test_the_wheel_carries_the_pinned_modules(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=root)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name: archive.read(name) for name in archive.namelist() if "/modules/" in name}
    folder = root / "toolchain/tenantry_toolchain/modules"
    wanted = {
        f"tenantry_toolchain/modules/{path.relative_to(folder)}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert len(wanted) >= 15
    assert packed == wanted
