"""Locked wheels, fetched once by pip: it knows the machine's index, mirror, proxy and certificates; hashes decide."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry.catalogue.cache import folder_once
from tenantry.catalogue.platforms import platform_names
from tenantry.catalogue.wheels import choose
from tenantry.errors import CatalogueError

if TYPE_CHECKING:
    from tenantry.catalogue.platforms import Platform
    from tenantry.catalogue.requirements import Locked
    from tenantry.catalogue.wheels import Wheel

TIMEOUT: Final = 600.0
"""Seconds for all wheels of a lock."""
_FORMAT: Final = 1
_TAIL: Final = 1500


def fetched(locked: tuple[Locked, ...], platform: Platform, minor: int, *, vendored: Path | None = None) -> list[Wheel]:
    """The wheels of a lock for a platform: out of `vendored`, else out of the cache, else fetched into it.

    Args:
        locked: what is needed there.
        platform: where it runs.
        minor: minor version of Python 3 there.
        vendored: a folder of wheels that came with the template, where it brought some.

    Raises CatalogueError where a wheel cannot be had, or has none of the locked hashes.
    """
    if not locked:
        return []
    if vendored is not None:
        found = choose(vendored, locked, platform, minor)
        if found is not None:
            return found
    folder = folder_once("wheels", _key(locked, platform), lambda stage: _download(stage, locked, platform, minor))
    found = choose(folder, locked, platform, minor)
    if found is None:
        raise CatalogueError(
            f"the wheels in {folder} are not those of the lock",
            hint=f"remove the folder and run the command again: rm -r {folder}",
        )
    return found


def _key(locked: tuple[Locked, ...], platform: Platform) -> str:
    lines = [f"{_FORMAT} {platform}", *(one.line() for one in locked)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def _download(stage: Path, locked: tuple[Locked, ...], platform: Platform, minor: int) -> None:
    with tempfile.TemporaryDirectory(prefix="tenantry-lock-") as folder:
        lines = Path(folder) / "requirements.txt"
        lines.write_text("".join(one.line() + "\n" for one in locked), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
        command += ["--progress-bar", "off", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
        command += ["--python-version", f"3.{minor}", "--implementation", "cp"]
        for abi in (f"cp3{minor}", "abi3", "none"):
            command += ["--abi", abi]
        for name in platform_names(platform):
            command += ["--platform", name]
        command += ["--dest", str(stage), "--requirement", str(lines)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", check=False, timeout=TIMEOUT
            )
        except subprocess.TimeoutExpired:
            raise CatalogueError(
                f"the locked wheels did not come within {TIMEOUT:.0f} s", hint="check the network and pip's settings"
            ) from None
    if done.returncode != 0:
        raise CatalogueError(
            f"the locked wheels for {platform} cannot be had: {done.stderr.strip()[-_TAIL:]}",
            hint="only wheels are taken, with the hashes of requirements.lock; pip's own settings say which index is "
            "asked: python -m pip config list",
        )
    if choose(stage, locked, platform, minor) is None:
        names = ", ".join(one.name for one in locked)
        raise CatalogueError(f"pip brought other wheels than {names} for {platform}")
