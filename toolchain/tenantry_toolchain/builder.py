"""Makes a recipe: builds its programs, copies its files, into the cache."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenantry.errors import PreflightError
from tenantry_toolchain import cache, folders, go, process
from tenantry_toolchain.progress import Progress, Step, duration
from tenantry_toolchain.refusal import redact, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenantry_toolchain.recipe import Files, Program, Recipe

_PACKAGE = re.compile(r"[\w.~-]+(/[\w.~-]+)*")


def obtain(recipe: Recipe, progress: Progress) -> cache.Stored:
    """The recipe's result out of the cache, made first where it is not there yet.

    Raises:
        PreflightError: Go is missing or too old, the modules cannot be downloaded, the disk is full, …
    """
    return cache.obtain(recipe.slot, lambda stage: _Build(recipe, stage, progress).run(), progress)


def download(recipe: Recipe, progress: Progress) -> None:
    """Download the modules that the recipe's programs need, so that building them later waits for nothing.

    Raises:
        PreflightError: Go is missing or too old, or the modules cannot be downloaded.
    """
    with tempfile.TemporaryDirectory(prefix=f"{recipe.family}-") as folder:
        _Build(recipe, Path(folder), progress).download()


class _Build:
    """One run of a recipe in its staging folder."""

    def __init__(self, recipe: Recipe, stage: Path, progress: Progress) -> None:
        self._recipe = recipe
        self._stage = stage
        self._progress = progress
        self._sources = stage / "src"
        self._temporary = stage / "tmp"
        self._env: dict[str, str] = {}

    def run(self) -> cache.Made:
        """Build and copy everything, then leave only the results in the staging folder."""
        step = Step(self._recipe.family, self._progress)
        found = self._begin()
        for number, program in enumerate(self._recipe.programs, 1):
            self._build(found, program, f"{number}/{len(self._recipe.programs)}")
        for files in self._recipe.files:
            self._copy(found, files)
        folders.remove(self._sources)
        folders.remove(self._temporary)
        origin = "build" if self._recipe.programs else "module"
        details = {"go": found.version, "took": duration(step.seconds)}
        return cache.Made(version=self._recipe.version, origin=origin, details=details)

    def download(self) -> None:
        """Download the modules of every program."""
        found = self._begin()
        for program in self._recipe.programs:
            step = Step(f"Downloading modules of {program.name} {self._recipe.version}", self._progress)
            step.begin()
            self._packages(found, program, step)

    def _packages(self, found: go.Go, program: Program, step: Step) -> list[str]:
        """The packages that a program consists of; their modules are there then."""
        downloads = 0

        def downloading(line: str) -> None:
            nonlocal downloads
            downloads += line.startswith("go: downloading ")
            step.detail = f"{downloads} modules downloaded"

        flags = ["-trimpath", *program.flags]
        listing = [found.path, "list", "-deps", *flags, "-f", "{{.ImportPath}}", program.package]
        return self._go(listing, program.wrapper, program.name, downloading, step).output.splitlines()

    def _begin(self) -> go.Go:
        self._temporary.mkdir()
        for wrapper in self._recipe.wrappers:
            # A copy, so that no go.work or version control around an installed package has a say.
            shutil.copytree(self._recipe.modules / wrapper, self._sources / wrapper)
        found = go.require(cwd=self._sources / self._recipe.wrappers[0])
        self._env = go.environment(temporary=self._temporary)
        return found

    def _build(self, found: go.Go, program: Program, position: str) -> None:
        label = f"Building {program.name} {self._recipe.version} ({self._recipe.family} {position})"
        step = Step(label, self._progress)
        step.begin()
        target = self._stage / "bin" / program.name
        target.parent.mkdir(exist_ok=True)
        flags = ["-trimpath", *program.flags]
        compiled = 0

        def compiling(line: str) -> None:
            nonlocal compiled
            compiled += _PACKAGE.fullmatch(line) is not None
            step.detail = f"{compiled} of at most {len(packages)} packages compiled"

        packages = self._packages(found, program, step)
        step.detail = f"linking, or reading what is built of {len(packages)} packages"
        command = [found.path, "build", "-v", "-p", str(go.jobs()), *flags, "-o", target, program.package]
        self._go(command, program.wrapper, program.name, compiling, step)
        self._check(program, target)
        step.end()

    def _copy(self, found: go.Go, files: Files) -> None:
        step = Step(f"Fetching {files.module}", self._progress)
        step.begin()
        command = [found.path, "mod", "download", "-json", files.module]
        got = self._go(command, files.wrapper, files.module, lambda _line: None, step)
        module: dict[str, Any] = json.loads(got.output)
        sums = (self._recipe.modules / files.wrapper / "go.sum").read_text("utf-8").split()
        if module.get("Sum") not in sums:
            raise refusal(files.module, f"checksum mismatch: {module.get('Sum')} is not in the committed go.sum")
        into = self._stage / files.into
        into.mkdir(exist_ok=True)
        for pattern in files.patterns:
            sources = sorted(Path(module["Dir"]).glob(pattern))
            if not sources:
                message = f"{files.module} {module.get('Version')} has no {pattern}."
                raise PreflightError(message, hint="This installation of Tenantry is damaged: install it again.")
            for source in sources:
                shutil.copyfile(source, into / source.name)
                (into / source.name).chmod(files.mode)

    def _go(
        self, command: Sequence[object], wrapper: str, what: str, on_line: Callable[[str], None], step: Step
    ) -> process.Outcome:
        cwd = self._sources / wrapper
        outcome = process.run(command, cwd=cwd, env=self._env, on_error_line=on_line, on_tick=step.tick)
        if outcome.ok:
            return outcome
        logs = folders.root() / "logs"
        logs.mkdir(exist_ok=True)
        log = logs / f"{self._recipe.family}.log"
        log.write_text(redact(f"{' '.join(map(str, command))}\n{outcome.text}\n"), "utf-8")
        raise refusal(what, outcome.errors or outcome.output)

    def _check(self, program: Program, target: Path) -> None:
        arguments, expected = program.version
        if not expected:
            return
        try:
            asked = subprocess.run(
                [target, *arguments], capture_output=True, text=True, timeout=60, check=False, cwd=self._temporary
            )
            said = asked.stdout + asked.stderr
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error)
        if expected not in said:
            message = f"The {program.name} just built does not say that it is {expected}: {said.strip()[:200]}"
            hint = (
                "Run it by hand on this machine; drop the build cache (`tenantry engine install --drop-build-cache`)."
            )
            raise PreflightError(message, hint=hint)
