"""Runs the command blocks of the documentation, page by page, as a reader would: in one shell, from the top down.

A block marked `sh` runs; a block marked `sh setup` is the installation and runs once for all pages; other blocks only
show something. tests/unit/docs compares the Chinese pages' blocks with the English ones, which are the ones that run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tenantry import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "en").glob("*.md"))]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: what stands behind the opening fence, the text, and the line where the text begins."""

    kind: str
    text: str
    line: int

    @property
    def of_the_checkout(self) -> bool:
        """Whether it holds the repository's own commands; tests/unit/docs and tests/e2e/test_demo.py run those."""
        return all(line.startswith("make ") for line in self.text.splitlines())


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(match[1], match[2], text.count("\n", 0, match.start()) + 2) for match in found]


def runnable(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.kind == "sh" and not block.of_the_checkout]


PYTHON = f"""\
#!/bin/sh
{Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"} "$@" || exit
[ "$1 $2" = "-m venv" ] || exit 0
for packages in "$3"/lib/python3*/site-packages; do
  echo {sysconfig.get_path("purelib")} > "$packages/locked.pth"
done
"""
"""The `python3` of the pages: the one that the tests run on. A virtual environment that it makes sees the locked
dependencies of the tests' own, so that the installation neither fetches them again nor gets others."""

ENDS: Final = "tenantry sandbox down"
"""One page says so and runs last: the pages share a sandbox, as they do for a reader who goes on to the next."""


def ends(page: Path) -> bool:
    return any(ENDS in block.text for block in runnable(page))


RUN = sorted((page for page in PAGES if runnable(page)), key=ends)


class Shell:
    """A reader's shell: none of the developer's virtual environment, none of our own variables."""

    def __init__(self, folder: Path, sandboxes: Path) -> None:
        self.folder = folder
        programs = folder / "programs"
        programs.mkdir()
        python = programs / "python3"
        python.write_text(PYTHON, encoding="utf-8")
        python.chmod(0o755)
        virtual = str(Path(sys.prefix) / "bin")
        path = [str(programs), *(part for part in os.environ["PATH"].split(os.pathsep) if part != virtual)]
        ours = ("PULUMI_", "TENANTRY_", "VIRTUAL_ENV", "PYTHON")
        kept = {"TENANTRY_CACHE", "TENANTRY_ENGINE"}
        self.environment = {
            name: value for name, value in os.environ.items() if name in kept or not name.startswith(ours)
        }
        self.environment["PATH"] = os.pathsep.join(path)
        self.environment["TENANTRY_SANDBOXES"] = str(sandboxes)
        # what the build needs is installed as well: nothing is fetched
        self.environment["PIP_NO_BUILD_ISOLATION"] = "0"
        # a reader answers the question of a plain `pulumi up` with yes
        self.environment["PULUMI_SKIP_CONFIRMATIONS"] = "true"

    def run(self, page: Path, to_run: list[Block], *, before: str = "") -> None:
        """Runs the blocks one after the other. Raises AssertionError that names the line of the page."""
        steps = "\n".join(f"echo '>>> line {block.line}' >&2\n{block.text}" for block in to_run)
        script = self.folder / f"{page.stem}.sh"
        script.write_text(f"set -euo pipefail\n{before}\n{steps}", encoding="utf-8")
        done = subprocess.run(
            ["bash", str(script)],  # noqa: S607 - the user's own shell
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        reached = re.findall(r"^>>> line (\d+)$", done.stdout, re.MULTILINE)
        where = reached[-1] if reached else "?"
        assert done.returncode == 0, f"{page.name}:{where} ended with {done.returncode}:\n{done.stdout[-4000:]}"
        assert "Traceback" not in done.stdout, done.stdout[-4000:]
        assert len(reached) == len(to_run)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The virtual environment that the pages' installation makes, from a copy of what the package is built from."""
    folder = tmp_path_factory.mktemp("reader")
    shell = Shell(folder, folder / "sandboxes")
    tracked = ("components", "providers", "stacks", "toolchain", "templates", "pyproject.toml", "README.md", "LICENSE")
    (folder / "tenantry").mkdir()
    for name in tracked:
        source, copy = ROOT / name, folder / "tenantry" / name
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copy(source, copy)
    page = ROOT / "README.md"
    setup = [block for block in blocks(page) if block.kind == "sh setup"]
    assert len(setup) == 1
    shell.run(page, setup)
    return folder / "venv"


@pytest.fixture(scope="module")
def sandboxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What the pages start and stop, in this order; stopped for good where a page failed."""
    folder = tmp_path_factory.mktemp("sandboxes")
    yield folder
    for name in registry.sandboxes():
        registry.sandbox(name).down(folder / name, lambda _: None)


@pytest.fixture
def shell(tmp_path: Path, sandboxes: Path) -> Shell:
    return Shell(tmp_path, sandboxes)


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_the_commands_of_a_page_work(page: Path, shell: Shell, installed: Path) -> None:
    """A page that does not make its own project takes one for granted, and that is what it gets."""
    to_run = runnable(page)
    before = f". {installed}/bin/activate"
    if not any("tenantry init" in block.text for block in to_run):
        before += "\ntenantry --quiet init shops\ncd shops"
    shell.run(page, to_run, before=before)


def test_pages_with_commands_are_found() -> None:
    assert {"README", "tutorial", "contracts"} <= {page.stem for page in RUN}
    assert [page.stem for page in RUN if ends(page)] == ["README"], "a page that stops the sandbox leaves none behind"
