"""What the doctor and the status say."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from tenantry_toolchain import cache as caches
from tenantry_toolchain import doctor, machine, recipes, status
from tenantry_toolchain.__main__ import main
from tenantry_toolchain.cache import Made, Slot
from tenantry_toolchain.progress import duration, quiet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def by_name() -> dict[str, doctor.Check]:
    return {check.name: check for check in doctor.checks()}


def test_a_bare_machine_is_told_what_is_missing(bare_path: Path) -> None:
    found = by_name()
    assert found["engine"].state == "fail"
    assert "tenantry engine install" in found["engine"].hint
    assert found["control plane"].state == "warn"
    assert found["gateway api"].state == "warn"
    assert found["go"].state == "warn"
    assert "Install Go" in found["go"].hint
    assert found["python"].state == found["cache"].state == "ok"
    assert all(check.hint for check in found.values() if check.state != "ok")
    assert all(not check.hint for check in found.values() if check.state == "ok")


def test_an_engine_on_path_is_reported(bare_path: Path, script: Callable[[Path, str], Path]) -> None:
    script(bare_path / "pulumi", "#!/bin/sh\necho v3.240.1\n")
    for name in ("pulumi-language-python", "pulumi-language-python-exec"):
        script(bare_path / name, "#!/bin/sh\n")
    found = by_name()
    assert found["engine"].state == found["language host"].state == "ok"
    assert "3.240.1 from path" in found["engine"].detail


def test_a_stray_plugin_is_a_warning(bare_path: Path, script: Callable[[Path, str], Path]) -> None:
    script(bare_path / "pulumi-resource-kubernetes", "#!/bin/sh\n")
    script(bare_path / "pulumi-resource-tenantry", "#!/bin/sh\n")
    found = by_name()
    assert found["plugin kubernetes"].state == "warn"
    assert found["plugin tenantry"].state == "ok"


def test_a_wrong_setting_is_a_finding_and_no_exception(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_ENGINE", "magic")
    assert by_name()["engine"].state == "fail"
    assert "magic" in by_name()["engine"].detail


def test_a_cache_that_cannot_be_written_is_a_failure(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TENANTRY_CACHE", str(tmp_path / "file" / "below"))
    found = by_name()["cache"]
    assert found.state == "fail"
    assert "TENANTRY_CACHE" in found.hint


def test_little_space_is_a_warning(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_RUN_BYTES", 1 << 60)
    monkeypatch.setattr(machine, "_BUILD_BYTES", 1 << 60)
    assert by_name()["disk"].state == "warn"


def test_a_machine_without_loopback_addresses_is_a_failure(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: socket.socket, _address: object) -> None:
        raise OSError(99, "Cannot assign requested address")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    found = by_name()["loopback"]
    assert (found.state, "Cannot assign" in found.detail) == ("fail", True)


def test_status_tells_ready_missing_and_unused(bare_path: Path) -> None:
    def make(stage: Path) -> Made:
        (stage / "bin").mkdir()
        (stage / "bin/etcd").write_text("12345")
        return Made(version=recipes.etcd().version, origin="build", details={})

    caches.obtain(recipes.etcd().slot, make, quiet)
    caches.obtain(Slot(family="etcd", fingerprint="0" * 64), make, quiet)
    rows = [(item.name, item.state, item.size) for item in status.status()]
    assert rows == [
        ("engine", "missing", 0),
        ("etcd", "ready", 5),
        ("kubernetes", "missing", 0),
        ("versitygw", "missing", 0),
        ("gateway-api", "missing", 0),
        ("etcd", "unused", 5),
    ]


def test_the_module_can_be_called_as_a_command(bare_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in rows} == {"engine", "etcd", "kubernetes", "versitygw", "gateway-api"}
    assert main(["doctor"]) == 1
    assert "fail  engine" in capsys.readouterr().out
    assert main(["install", "--control-plane"]) == 5
    said = capsys.readouterr()
    assert "error: There is no usable control plane." in said.err
    assert said.out == ""


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.9, "59 s"), (60, "1 min 00 s"), (605, "10 min 05 s")])
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text
