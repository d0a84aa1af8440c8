"""What a build consists of: programs and files out of pinned Go modules, as data."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from tenantry.errors import PreflightError
from tenantry_toolchain.cache import Slot

MODULES = Path(__file__).with_name("modules")
"""Our wrapper modules: a go.mod and a go.sum per family, because the requirements of two families collide."""

_FORMAT = 1
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One Go command: built in the module `wrapper` from `package` with `flags`, into `bin/<name>`.

    `version` are the arguments that make it print its version, and what must be in the answer; empty to not ask.
    """

    name: str
    wrapper: str
    package: str
    flags: tuple[str, ...] = ()
    version: tuple[tuple[str, ...], str] = ((), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Files out of a module's source: those that match `patterns`, copied into the folder `into` with `mode`."""

    wrapper: str
    module: str
    patterns: tuple[str, ...]
    into: str
    mode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A family that is made together. `version` is what people call it; `modules` is the folder of the wrappers."""

    family: str
    version: str
    programs: tuple[Program, ...] = ()
    files: tuple[Files, ...] = ()
    modules: Path = MODULES

    @property
    def wrappers(self) -> tuple[str, ...]:
        """The wrapper modules it needs, in order of use."""
        parts: tuple[Program | Files, ...] = (*self.programs, *self.files)
        return tuple(dict.fromkeys(part.wrapper for part in parts))

    @property
    def slot(self) -> Slot:
        """Its place in the cache.

        The hash covers go.mod, go.sum, packages, flags and the platform. It leaves out the Go version: a cache must be
        found again where Go is gone, and a newer compiler of the same sources is no other engine.
        """
        system, machine = target()
        parts = [asdict(part) for part in self.programs] + [asdict(part) for part in self.files]
        sums = {
            f"{wrapper}/{name}": hashlib.sha256((self.modules / wrapper / name).read_bytes()).hexdigest()
            for wrapper in self.wrappers
            for name in ("go.mod", "go.sum")
        }
        facts = {"format": _FORMAT, "system": system, "machine": machine, "parts": parts, "sums": sums}
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return Slot(family=self.family, fingerprint=digest)


def target() -> tuple[str, str]:
    """This machine as Go names it, e.g. `("linux", "amd64")`.

    Raises:
        PreflightError: Tenantry does not run here.
    """
    machine = _ARCHITECTURES.get(platform.machine().lower())
    if sys.platform not in ("linux", "darwin") or machine is None:
        message = f"Tenantry does not run on {sys.platform} {platform.machine()}."
        raise PreflightError(message, hint="Use Linux or macOS on x86-64 or arm64; on Windows use WSL.")
    return sys.platform, machine


def required(wrapper: str, module: str, *, modules: Path = MODULES) -> str:
    """The version of `module` that the go.mod of `wrapper` requires, with its `v`: the one place that pins it."""
    text = (modules / wrapper / "go.mod").read_text("utf-8")
    found = re.search(rf"^(?:require\s+|\s+){re.escape(module)}\s+(v\S+)", text, re.MULTILINE)
    if found is None:
        message = f"The go.mod of {wrapper} does not require {module}."
        raise PreflightError(message, hint="This installation of Tenantry is damaged: install it again.")
    return found.group(1)
