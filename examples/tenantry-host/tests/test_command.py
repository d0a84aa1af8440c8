"""`tenantry-host` as one types it on a host."""

from __future__ import annotations

import configparser
import shlex
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tenantry_host.runtime import HostRuntime
from tenantry_host.sandbox import HostSandbox

if TYPE_CHECKING:
    from pathlib import Path


def run(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tenantry_host.daemon", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_unit_runs_the_daemon_with_the_given_options(tmp_path: Path) -> None:
    folder = tmp_path / "with a space"
    done = run("unit", "--folder", str(folder), "--http", "127.0.0.1:8090")
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # the documented way to keep capital letters
    unit.read_string(done.stdout)
    words = shlex.split(unit["Service"]["ExecStart"])
    assert words[:4] == [sys.executable, "-m", "tenantry_host.daemon", "serve"]
    assert words[words.index("--folder") + 1] == str(folder)
    assert words[words.index("--http") + 1] == "127.0.0.1:8090"
    assert unit["Service"]["Restart"] == "always"


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:", "127.0.0.1:http"])
def test_an_address_that_is_none_is_explained(tmp_path: Path, address: str) -> None:
    done = run("serve", "--folder", str(tmp_path), "--http", address)
    assert done.returncode == 2
    assert "an address is host:port" in done.stderr


def test_a_taken_port_is_said_to_be_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--folder", str(tmp_path / "host"), "--http", f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 1
    assert "address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_sandbox_that_was_never_started_holds_and_says_nothing(tmp_path: Path) -> None:
    (status,) = HostSandbox().status(tmp_path)
    assert status.state == "stopped"
    assert HostRuntime().default_host("acme", {"host_suffix": "apps.example.com"}, {}) == "acme.apps.example.com"
