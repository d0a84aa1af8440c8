"""The Go command: finding it, the environment of a build, and what its refusals mean."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tenantry.errors import PreflightError
from tenantry_toolchain import folders
from tenantry_toolchain.recipe import target
from tenantry_toolchain.refusal import INSTALL_HINT, MINIMUM, redact

if TYPE_CHECKING:
    from collections.abc import Callable

USUAL_PLACES = (Path("/usr/local/go/bin/go"), Path("/usr/lib/go/bin/go"))
"""Where Go's own instructions and distributions put it; looked at when PATH has none."""

_GARBAGE = ((8, "off"), (4, "200"), (2, "100"), (0, "50"))  # GiB free for each job, GOGC
_READ_ONLY = "-mod=readonly -gcflags=all=-dwarf=false"
"""The linker drops the debugging information anyway: making none saves one part in twenty."""
_VERSION = re.compile(r"go(\d+)\.(\d+)\S*")
_ASK_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """A Go command that can build our modules. `version` is as `go env GOVERSION` says it, e.g. `go1.26.8`."""

    path: Path
    version: str


def find() -> Path | None:
    """The `go` command on PATH, or in one of the usual places."""
    found = shutil.which("go")
    if found:
        return Path(found)
    return next((place for place in USUAL_PLACES if os.access(place, os.X_OK)), None)


def require(*, cwd: Path) -> Go:
    """The Go command, new enough. Asked in the folder of a module, so that a Go which can fetch a newer one may do so.

    Raises:
        PreflightError: there is none, or it is too old.
    """
    path = find()
    if path is None:
        raise PreflightError("Go is not installed.", hint=INSTALL_HINT)
    version, said = _ask(path, cwd)
    if not new_enough(version):
        known = version or "of an unknown version"
        message = f"{path} is {known}, which is too old; at least Go {MINIMUM[0]}.{MINIMUM[1]} is needed."
        if said:
            message += f" It said: {said}"
        raise PreflightError(message, hint=INSTALL_HINT)
    return Go(path=path, version=version)


def new_enough(version: str) -> bool:
    """Whether `version`, such as `go1.26.8`, can compile the pinned modules."""
    found = _VERSION.search(version)
    return found is not None and (int(found.group(1)), int(found.group(2))) >= MINIMUM


def _ask(path: Path, cwd: Path) -> tuple[str, str]:
    try:
        asked = subprocess.run(
            [path, "env", "GOVERSION"],
            cwd=cwd,
            env=environment(temporary=cwd),
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    return asked.stdout.strip(), redact(asked.stderr.strip())


def build_cache() -> Path:
    """Go's build cache: `GOCACHE` where the caller set it, else a folder of ours that can be dropped."""
    return _chosen("GOCACHE", "go-build")


def module_cache() -> Path:
    """Go's module cache: `GOMODCACHE` where the caller set it, else a folder of ours that can be dropped."""
    return _chosen("GOMODCACHE", "go-mod")


def _chosen(variable: str, name: str) -> Path:
    named = os.environ.get(variable, "")
    return Path(named) if named and Path(named).is_absolute() else folders.root() / name


def environment(*, temporary: Path) -> dict[str, str]:
    """The environment of every Go command of ours; `temporary` takes its scratch files, so that they go with the stage.

    The caller's proxy settings stay. `GONOSUMDB=*`: the checksum database has no record of some of the pinned versions;
    the committed go.sum, which `-mod=readonly` never lets grow, holds every hash.
    """
    system, machine = target()
    modules = module_cache()
    flags = f"{_READ_ONLY} -modcacherw" if modules.is_relative_to(folders.root()) else _READ_ONLY
    ours = {
        "CGO_ENABLED": "0",
        "GO111MODULE": "on",
        "GOARCH": machine,
        "GOCACHE": str(build_cache()),
        "GOFLAGS": flags,
        "GOGC": garbage(),
        "GOMODCACHE": str(modules),
        "GONOSUMDB": "*",
        "GOOS": system,
        "GOTMPDIR": str(temporary),
        "GOWORK": "off",
        "HOME": os.environ.get("HOME") or str(Path.home()),
    }
    return os.environ | ours


def jobs() -> int:
    """How many packages to compile at once: one per processor, with about 2 GiB of memory for each, at most 8."""
    import psutil

    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1
    memory = psutil.virtual_memory().total >> 31
    return max(1, min(processors, memory, 8))


def garbage() -> str:
    """GOGC: how much garbage a compiler may pile up, in percent of what it uses, by the memory free for each job.

    At 200 a build takes a quarter to a third less processor time than at 50, for about twice the memory; without any
    collection a fifth less again. A compiler lives for seconds, and the largest package takes some 5 GiB then.
    """
    import psutil

    free = psutil.virtual_memory().available / jobs() / (1 << 30)
    return next(percent for least, percent in _GARBAGE if free >= least)
