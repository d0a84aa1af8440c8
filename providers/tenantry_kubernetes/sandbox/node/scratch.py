"""Private folders with short paths: a socket's path has little more than a hundred bytes."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from tenantry.errors import SandboxError
from tenantry_vendor.sandbox.files import private_folder


def scratch(pod: str) -> Path:
    """The folder of a pod (by its UID), made where it is missing. Raises SandboxError where it would not be private."""
    above = _above()
    above.mkdir(mode=0o700, exist_ok=True)
    found = above.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise SandboxError(f"{above} is not a private folder of this user.", hint="Remove it, then start again.")
    return private_folder(above / pod)


def remove_scratch(pod: str) -> None:
    """Removes the folder of a pod."""
    shutil.rmtree(_above() / pod, ignore_errors=True)


def _above() -> Path:
    return Path(f"/tmp/tenantry-{os.geteuid()}")  # noqa: S108 - short, and checked to be private
