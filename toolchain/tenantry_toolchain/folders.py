"""The cache folder itself: where it is, sizes, removal, and what the file system's refusals mean."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tenantry.errors import PreflightError

if TYPE_CHECKING:
    from collections.abc import Iterator


def root() -> Path:
    """The cache folder: `TENANTRY_CACHE`, else `~/.cache/tenantry`. It need not exist yet."""
    named = os.environ.get("TENANTRY_CACHE", "")
    return Path(named).expanduser().absolute() if named else Path.home() / ".cache" / "tenantry"


def sweep(family: str) -> None:
    """Remove what killed makers of `family` left. Call it with the lock held: then nothing there is in use."""
    staging = root() / ".staging"
    for left in staging.glob(f"{family}-*"):
        remove(left)


def remove(path: Path) -> None:
    """Remove a folder, also one with read-only folders in it, such as Go's module cache. A missing one is fine."""
    for _attempt in range(3):
        if not path.exists():
            return
        for folder, _names, _files in os.walk(path):
            with contextlib.suppress(OSError):
                Path(folder).chmod(stat.S_IRWXU)
        shutil.rmtree(path, ignore_errors=True)
        # A compiler that was killed a moment ago may still have written a last file.
        time.sleep(0.05)
    if path.exists():
        message = f"{path} cannot be removed."
        raise PreflightError(message, hint="Remove it by hand, or name another folder in TENANTRY_CACHE.")


def size(path: Path) -> int:
    """Bytes of all files below `path`; 0 where it does not exist."""
    total = 0
    for folder, _names, files in os.walk(path):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - a module cache has 100,000 files
    return total


@contextlib.contextmanager
def told_apart() -> Iterator[None]:
    """Turn the file system's refusals into errors that say what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full() from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            message = f"The cache folder {root()} cannot be written: {error.strerror}."
            raise PreflightError(
                message, hint="Give it to this user, or name another one in TENANTRY_CACHE."
            ) from error
        raise


def disk_full() -> PreflightError:
    """The error for a full disk."""
    hint = "Free some space, or name a folder on a larger disk in TENANTRY_CACHE, then run the command again."
    return PreflightError(f"The disk that holds {root()} is full.", hint=hint)
