"""The official installer's child process, with a stand-in for Pulumi's automation package."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from tenantry.errors import PreflightError
from tenantry_toolchain import engine, installer
from tenantry_toolchain.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = """\
import pathlib, subprocess, sys, time, urllib.error
class PulumiCommand:
    @staticmethod
    def install(root):
"""
INSTALLS = """\
        bin = pathlib.Path(root) / "bin"
        bin.mkdir()
        (pathlib.Path(root) / "left-over").write_text("script")
        for name in ("pulumi", "pulumi-language-python", "pulumi-language-python-exec"):
            (bin / name).write_text("#!/bin/sh\\necho v{version}\\n")
            (bin / name).chmod(0o755)
"""
REACHED = "        print('tenantry: reached', file=sys.stderr, flush=True)\n"


@pytest.fixture
def automation(bare_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets `pulumi.automation.PulumiCommand.install(root)` do what the given lines say."""

    def put(body: str) -> None:
        package = tmp_path / "fake/pulumi"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "automation.py").write_text(HEAD + body)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))

    monkeypatch.setenv("TENANTRY_ENGINE", "installer")
    return put


def test_it_installs_into_the_cache_once(automation: Callable[[str], None], cache: Path) -> None:
    automation(INSTALLS.format(version="3.259.0"))
    lines: list[str] = []
    found = engine.ensure(lines.append)
    assert (found.origin, found.version, found.modern_host) == ("installer", "3.259.0", True)
    assert found.folder.parent.parent == cache
    assert sorted(path.name for path in found.folder.parent.iterdir()) == ["bin", "manifest.json"]
    assert lines[0] == "Installing pulumi 3.259.0 with the official installer ..."
    again: list[str] = []
    assert engine.ensure(again.append) == found
    assert again == []


def test_another_version_than_asked_is_not_taken(automation: Callable[[str], None]) -> None:
    automation(INSTALLS.format(version="3.100.0"))
    with pytest.raises(PreflightError, match=r"installed pulumi 3\.100\.0 instead of 3\.259\.0"):
        engine.ensure()


def test_a_host_that_never_answers_costs_only_the_probe(
    automation: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer, "PROBE_SECONDS", 0.8)
    automation("        time.sleep(60)\n")
    started = time.monotonic()
    with pytest.raises(PreflightError, match="could not be reached: no answer within"):
        engine.ensure()
    assert time.monotonic() - started < 10


def test_a_download_that_hangs_is_ended_with_all_its_children(
    automation: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(installer, "LIMIT_SECONDS", 0.5)
    mark = tmp_path / "late"
    automation(REACHED + f"        subprocess.run(['sh', '-c', 'sleep 1.5; touch {mark}'])\n")
    with pytest.raises(PreflightError, match="it failed: no end after"):
        engine.ensure()
    time.sleep(1.7)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("        raise urllib.error.URLError('no such host')\n", "could not be reached: URLError: .*no such host"),
        (REACHED + "        subprocess.check_output(['false'])\n", "it failed: Command .*false"),
        (REACHED + "        sys.exit(3)\n", "it failed: it ended with code 3"),
        ("        raise RuntimeError('https://me:secretword@proxy')\n", r"https://\*\*\*@proxy"),
    ],
)
def test_its_failures_are_told_in_one_line(automation: Callable[[str], None], body: str, message: str) -> None:
    automation(body)
    with pytest.raises(PreflightError, match=message) as caught:
        engine.ensure()
    assert "Traceback" not in str(caught.value)
    assert "secretword" not in str(caught.value)


def test_pulumis_automation_package_is_not_loaded_here(automation: Callable[[str], None]) -> None:
    automation(INSTALLS.format(version="3.259.0"))
    loaded = "pulumi.automation" in sys.modules
    installer.obtain(quiet)
    assert ("pulumi.automation" in sys.modules) == loaded
