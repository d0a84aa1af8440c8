"""Makes a distribution with a runtime of one's own: what `tenantry adapter new` writes."""

from __future__ import annotations

import datetime as dt
import os
import re
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from tenantry import registry
from tenantry.contract.runtime import API_VERSION
from tenantry.errors import PreflightError

if TYPE_CHECKING:
    from pathlib import Path

FILES: Final = {
    "pyproject.toml": "pyproject.txt",
    "README.md": "README.md",
    "README.zh.md": "README.zh.md",
    ".gitignore": "gitignore.txt",
    "src/@PACKAGE@/__init__.py": "package.txt",
    "src/@PACKAGE@/capabilities.py": "capabilities.txt",
    "src/@PACKAGE@/models.py": "models.txt",
    "src/@PACKAGE@/runtime.py": "runtime.txt",
    "src/@PACKAGE@/sandbox.py": "sandbox.txt",
    "src/@PACKAGE@/py.typed": "",
    "tests/test_adapter.py": "tests.txt",
}
"""File of the distribution -> the shipped text that it is made from; empty for an empty file."""

_NAME: Final = re.compile(r"[a-z](-?[a-z0-9])*")
_LENGTH: Final = range(3, 41)


def distribution_name(name: str) -> str:
    """The distribution that brings the runtime `name`."""
    return f"tenantry-{name}"


def new_adapter(folder: Path, name: str) -> list[Path]:
    """Writes the distribution's files; nothing that exists is touched.

    Args:
        folder: the distribution's root; made where it is missing.
        name: the value of `runtime.on`.

    Returns:
        The files, in the order they were written.

    Raises:
        PreflightError: the name is not legal or taken, a file exists, or the folder cannot be written.
    """
    if not _NAME.fullmatch(name) or len(name) not in _LENGTH:
        raise PreflightError(
            f"{name!r} is not the name of a runtime.",
            hint="Use 3 to 40 lower-case letters and digits, with single '-' between them: mycloud",
        )
    if name in registry.runtimes():
        brought = registry.distribution(registry.RUNTIMES, name)[0]
        raise PreflightError(f"The runtime {name!r} exists: {brought} brings it.", hint="Choose another name.")
    words = _words(name)
    made = {_filled(file, words): source for file, source in FILES.items()}
    found = [file for file in made if os.path.lexists(folder / file)]
    if found:
        raise PreflightError(
            f"{folder} already has {', '.join(found)}; nothing was written.",
            hint="Choose an empty folder: tenantry adapter new NAME DIR",
        )
    shipped = files("tenantry_ops") / "new_adapter"
    try:
        for file, source in made.items():
            text = (shipped / source).read_text(encoding="utf-8") if source else ""
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(_filled(text, words), encoding="utf-8")
    except OSError as error:
        raise PreflightError(
            f"{folder} cannot be written: {error.strerror}.", hint="Choose a folder that you may write."
        ) from error
    return [folder / file for file in made]


def _words(name: str) -> dict[str, str]:
    from tenantry.testing.rules import rules

    # Nothing can be deployed yet, so no rule is kept whose tests deploy.
    lacking = [f'{rule} = "the sandbox is not written yet"' for rule, deploys in rules().items() if deploys]
    return {
        "NAME": name,
        "DIST": distribution_name(name),
        "PACKAGE": distribution_name(name).replace("-", "_"),
        "CLASS": "".join(part.capitalize() for part in name.split("-")),
        "VERSIONS": _fitting(version("tenantry")),
        "API": API_VERSION,
        "DAY": dt.datetime.now(dt.UTC).date().isoformat(),
        "LACKING": "\n".join(lacking),
    }


def _fitting(installed: str) -> str:
    """The versions of Tenantry that keep what the installed one has: up to the next that may break it."""
    major, minor = (int(part) for part in installed.split(".")[:2])
    return f">={major}.{minor},<{major + 1}" if major else f">=0.{minor},<0.{minor + 1}"


def _filled(text: str, words: dict[str, str]) -> str:
    return re.sub(r"@([A-Z]+)@", lambda found: words.get(found[1], found[0]), text)
