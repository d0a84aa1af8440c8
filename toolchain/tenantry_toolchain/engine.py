"""The Pulumi engine: one on PATH, else the official installer's, else one built from pinned modules.

`TENANTRY_ENGINE=path|installer|build` allows one of these ways only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tenantry.errors import PreflightError
from tenantry_toolchain import cache, go, installer, recipes
from tenantry_toolchain.choice import chosen
from tenantry_toolchain.onpath import beside, which
from tenantry_toolchain.progress import Progress, quiet
from tenantry_toolchain.versions import Version, ask

if TYPE_CHECKING:
    from pathlib import Path

MINIMUM = Version(3, 219, 0)
"""The least version that is accepted; what we test with is the pinned one."""

BELOW = Version(4, 0, 0)
"""Supported versions are below this one: a new major may change state and protocol."""

HOST = "pulumi-language-python"
"""The language host; it, and the script of the same name with `-exec`, come with every official installation."""

Origin = Literal["path", "installer", "build"]

_WAYS: tuple[Origin, ...] = ("path", "installer", "build")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A usable engine. Call `pulumi` by this path; `folder` holds it; `host` is the Python language host it will use.

    `version` has no `v`. `origin` says how it came here. `modern_host` is False for the host that we build: it ignores
    `runtime.options.virtualenv`, needs pip in the virtual environment, and does not run policy packs.
    """

    pulumi: Path
    folder: Path
    host: Path
    version: str
    origin: Origin

    @property
    def modern_host(self) -> bool:
        """Whether the language host is the official one of the engine's own time."""
        return self.origin != "build"


def find() -> Engine | None:
    """The engine that is there, by the order of the ways. Downloads and builds nothing.

    Raises:
        PreflightError: `TENANTRY_ENGINE` has an unknown value.
    """
    for way in chosen("TENANTRY_ENGINE", _WAYS):
        if way == "path":
            engine = _on_path()[0]
        else:
            slot = installer.slot() if way == "installer" else recipes.engine().slot
            engine = _stored(cache.read(slot))
        if engine is not None:
            return engine
    return None


def ensure(progress: Progress = quiet) -> Engine:
    """The engine; obtained where it is not there yet, which may take minutes. Silent when it is there.

    Raises:
        PreflightError: no way worked; the message says why each did not, the hint what to install.
    """
    found = find()
    if found is not None:
        return found
    from tenantry_toolchain import builder

    reasons: list[str] = []
    hint = ""
    for way in chosen("TENANTRY_ENGINE", _WAYS):
        try:
            if way == "path":
                reasons.append(f"on PATH: {_on_path()[1]}")
                continue
            if way == "build" and reasons and go.find():
                progress(reasons[-1])
                progress("Building the engine instead: some minutes, once")
            stored = installer.obtain(progress) if way == "installer" else builder.obtain(recipes.engine(), progress)
        except PreflightError as error:
            label = "official installer" if way == "installer" else "build from pinned modules"
            reasons.append(f"{label}: {error.message}")
            hint = error.hint
            continue
        engine = _stored(stored)
        if engine is not None:
            return engine
        reasons.append(f"{way}: {stored.folder} has no {HOST}.")
    tried = "".join(f"\n  - {reason}" for reason in reasons)
    pulumi = f"Install the Pulumi command line, {MINIMUM} or newer (https://www.pulumi.com/docs/install)."
    raise PreflightError(f"There is no usable Pulumi engine.{tried}", hint=f"{pulumi} Or: {hint}" if hint else pulumi)


def supported(version: Version) -> bool:
    """Whether Tenantry works with this version of Pulumi."""
    return MINIMUM <= version < BELOW


def _on_path() -> tuple[Engine | None, str]:
    pulumi = which("pulumi")
    if pulumi is None:
        return None, "there is no pulumi."
    version = ask(pulumi, "version")
    if version is None:
        return None, f"{pulumi} does not say its version."
    if not supported(version):
        return None, f"{pulumi} is {version}; supported are {MINIMUM} up to, not including, {BELOW}."
    host = beside(pulumi, HOST) or which(HOST)
    if host is None or beside(host, f"{HOST}-exec") is None:
        return None, f"{pulumi} is {version}, but {HOST} and {HOST}-exec are missing beside it and on PATH."
    return Engine(pulumi=pulumi, folder=pulumi.parent, host=host, version=str(version), origin="path"), ""


def _stored(stored: cache.Stored | None) -> Engine | None:
    if stored is None:
        return None
    folder = stored.folder / "bin"
    host = beside(folder / "pulumi", HOST)
    if host is None or not (folder / "pulumi").is_file():
        return None
    origin: Origin = "installer" if stored.origin == "installer" else "build"
    return Engine(pulumi=folder / "pulumi", folder=folder, host=host, version=stored.version, origin=origin)
