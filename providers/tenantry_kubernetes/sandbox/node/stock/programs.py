"""Folders of executables that stand for what an image has on its PATH."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def lay_out(home: Path, stamp: str, links: Mapping[str, Path], scripts: Mapping[str, str]) -> None:
    """Makes `home/bin` hold these links and shell scripts, in one step; nothing where it was made by the same stamp."""
    mark = home / "stamp"
    if mark.exists() and mark.read_text(encoding="utf-8") == stamp:
        return
    aside = home.with_name(f".{home.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    (aside / "bin").mkdir(parents=True)
    for name, program in links.items():
        (aside / "bin" / name).symlink_to(program)
    for name, script in scripts.items():
        (aside / "bin" / name).unlink(missing_ok=True)
        (aside / "bin" / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (aside / "bin" / name).chmod(0o755)
    (aside / "stamp").write_text(stamp, encoding="utf-8")
    shutil.rmtree(home, ignore_errors=True)
    aside.rename(home)


def run_python(program: Path, *arguments: str) -> str:
    """A line of shell that becomes a Python program of ours, with these arguments and then the script's own."""
    words = [sys.executable, "-I", "-S", str(program), *arguments]
    return f'exec {shlex.join(words)} "$@"'


def programs_in(folder: Path) -> dict[str, Path]:
    """Name -> path of every executable file in a folder."""
    return {path.name: path for path in sorted(folder.iterdir()) if path.is_file() and os.access(path, os.X_OK)}


def programs_named(names: Iterable[str], folders: Iterable[Path]) -> dict[str, Path]:
    """Name -> path of each of these programs, out of the first folder that has it."""
    places = list(folders)
    found = {name: next((place / name for place in places if os.access(place / name, os.X_OK)), None) for name in names}
    return {name: path for name, path in found.items() if path is not None}
