"""The part of the cache folder that the catalogue uses: finished things appear by one rename, whoever is killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tenantry.errors import CatalogueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def cache_root() -> Path:
    """`TENANTRY_CACHE`, else `~/.cache/tenantry`. It need not exist yet."""
    named = os.environ.get("TENANTRY_CACHE", "")
    return Path(named).expanduser().absolute() if named else Path.home() / ".cache" / "tenantry"


def folder_once(family: str, key: str, make: Callable[[Path], None]) -> Path:
    """The finished folder `<root>/<family>/<key>`, made first where it is not there. Of two callers only one makes it.

    Args:
        family: what kind of thing it is.
        key: what decides its content, as a file name.
        make: fills the empty folder that it is given; what it raises is passed on, and nothing stays.

    Raises CatalogueError where the cache cannot be written.
    """
    home = cache_root() / family
    found = home / key
    if found.is_dir():
        return found
    with _told(home), _lock(home, key):
        if found.is_dir():
            return found
        # What killed makers of this very thing left: the lock says that none is at work.
        for left in home.glob(f".{key}-*"):
            shutil.rmtree(left, ignore_errors=True)
        stage = Path(tempfile.mkdtemp(dir=home, prefix=f".{key}-"))
        try:
            make(stage)
            stage.chmod(0o755)
            stage.rename(found)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    return found


def write_once(file: Path, content: bytes) -> None:
    """Puts a file in place in one step; nothing happens where the cache cannot be written: it only saves time."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
        try:
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(content)
            Path(temporary).replace(file)
        except OSError:
            Path(temporary).unlink(missing_ok=True)


@contextlib.contextmanager
def _lock(home: Path, key: str) -> Iterator[None]:
    """Held until the process ends, however it ends."""
    from filelock import FileLock

    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / f".{key}.lock"):
        yield


@contextlib.contextmanager
def _told(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CatalogueError(
            f"the cache {home} cannot be written: {error.strerror or error}",
            hint="free some space, or name another folder in TENANTRY_CACHE",
        ) from None
