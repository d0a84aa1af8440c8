"""Where `python3.11` and its like are on this host."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tenantry_host.daemon.errors import RefusedError


def programs(folder: Path, runtime: str) -> str:
    """A PATH on which `python` is the runtime that was asked for. Raises RefusedError where the host has none."""
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix) / "bin" / own
    found = str(base) if runtime == own and base.exists() else shutil.which(runtime)
    if found is None:
        raise RefusedError(422, "no_runtime", f"This host has no {runtime}.", f"Install {runtime} on it.")
    place = folder / "runtimes" / runtime
    place.mkdir(parents=True, exist_ok=True)
    for name in ("python", "python3", runtime):
        link = place / name
        if not link.is_symlink() or str(link.readlink()) != found:
            link.unlink(missing_ok=True)
            link.symlink_to(found)
    return os.pathsep.join([str(place), os.defpath])
