"""A package says which rules it does not keep yet; the kit expects that, and no more."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tenantry.testing.gaps import KitSettings
from tenantry.testing.rules import rule_of, rules

if TYPE_CHECKING:
    from pathlib import Path

KIT = """
[tool.pytest.ini_options]
addopts = "--pyargs --import-mode=importlib -p no:cacheprovider"

[tool.tenantry.kit]
runtimes = ["kubernetes"]

[tool.tenantry.kit.lacking]
"""


def read(folder: Path, text: str) -> KitSettings:
    (folder / "pyproject.toml").write_text(text)
    return KitSettings.read(folder)


def test_rules_are_read_from_the_tests() -> None:
    found = rules()
    assert list(found) == sorted(found, key=lambda rule: int(rule[1:]))
    assert not found["R1"]
    assert found["R9"]
    assert found["R19"]
    assert rule_of("test_r7_provision_only_declares_resources[host-plain]") == "R7"
    assert rule_of("test_something") is None


def test_without_a_file_every_rule_must_be_kept(tmp_path: Path) -> None:
    assert KitSettings.read(tmp_path) == KitSettings(runtimes=(), lacking={})


def test_a_rule_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pytest.UsageError, match="R7000"):
        read(tmp_path, f'{KIT}R7000 = "who knows"')


@pytest.mark.parametrize(
    "text", ["[tool.tenantry.kit]\nlackings = {}", "[tool.tenantry", "[tool.tenantry.kit]\nruntime = 'x'"]
)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(pytest.UsageError, match=r"runtimes, lacking|cannot be read"):
        read(tmp_path, text)


@pytest.mark.parametrize(("lacking", "kept"), [("", False), ('R3 = "to be found out"', True)])
def test_a_rule_of_the_list_that_is_kept_fails_the_run(tmp_path: Path, lacking: str, kept: bool) -> None:
    read(tmp_path, KIT + lacking)
    command = [sys.executable, "-m", "pytest", "-q", "tenantry.testing.conformance.test_contract", "-k", "r1 or r3"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == kept, done.stdout
    assert ("R3 is kept now: take it out" in done.stdout) == kept
    assert ("1 xpassed" in done.stdout) == kept
