"""The cache folder: finished things are published by one rename, so that a reader never sees half of one.

```
<root>/<family>-<hash12>/       a finished thing: bin/, or files, and manifest.json
<root>/.staging/<family>-*/     a thing being made by the holder of that family's lock
<root>/.locks/<family>.lock
<root>/go-build, go-mod         Go's own caches, see tenantry_toolchain.go
<root>/logs/<family>.log        what the last failed build said
```
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenantry.errors import PreflightError
from tenantry_toolchain.folders import remove, root, sweep, told_apart
from tenantry_toolchain.progress import INTERVAL, Progress, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MANIFEST = "manifest.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Where a thing belongs: its family and the SHA-256 (hexadecimal) of everything that decides its bytes."""

    family: str
    fingerprint: str

    @property
    def name(self) -> str:
        """The folder's name below the cache root."""
        return f"{self.family}-{self.fingerprint[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A finished thing. `origin` is `installer`, `build` or `module`; `size` is in bytes.

    `details` are free pairs of text for people.
    """

    folder: Path
    family: str
    version: str
    origin: str
    size: int
    details: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a maker says about the thing it laid into the staging folder."""

    version: str
    origin: str
    details: dict[str, str]


def read(slot: Slot) -> Stored | None:
    """The finished thing of `slot`; None where it is missing, damaged or made for another fingerprint."""
    folder = root() / slot.name
    return read_folder(folder, fingerprint=slot.fingerprint)


def read_folder(folder: Path, *, fingerprint: str | None = None) -> Stored | None:
    """The finished thing in `folder`, checked for completeness by the sizes of its files."""
    try:
        manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_text("utf-8"))
        whole = all((folder / name).stat().st_size == size for name, size in manifest["files"].items())
        wanted = fingerprint is None or manifest["fingerprint"] == fingerprint
        if not (whole and wanted and manifest["format"] == _FORMAT):
            return None
        return Stored(
            folder=folder,
            family=manifest["family"],
            version=manifest["version"],
            origin=manifest["origin"],
            size=sum(manifest["files"].values()),
            details=manifest["details"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def obtain(slot: Slot, make: Callable[[Path], Made], progress: Progress) -> Stored:
    """The finished thing of `slot`, made first where it is not there. Of two callers at once only one makes it.

    Args:
        slot: where the thing belongs.
        make: lays the thing into the empty folder it is given. That folder is gone afterwards, also when it raises.
        progress: told when another process is waited for.

    Raises:
        PreflightError: the folder cannot be written, the disk is full, or what `make` raises.
    """
    found = read(slot)
    if found is not None:
        return found
    with told_apart(), lock(slot.family, progress):
        found = read(slot)
        if found is not None:
            return found
        sweep(slot.family)
        staging = root() / ".staging"
        staging.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f"{slot.family}-", dir=staging))
        try:
            _publish(slot, stage, make(stage))
        finally:
            remove(stage)
    found = read(slot)
    if found is None:
        message = f"{root() / slot.name} is incomplete just after it was written."
        raise PreflightError(message, hint="Check the file system, then run the command again.")
    return found


def _publish(slot: Slot, stage: Path, made: Made) -> None:
    files = {str(p.relative_to(stage)): p.stat().st_size for p in sorted(stage.rglob("*")) if p.is_file()}
    manifest = {
        "format": _FORMAT,
        "family": slot.family,
        "fingerprint": slot.fingerprint,
        "version": made.version,
        "origin": made.origin,
        "details": made.details,
        "files": files,
    }
    (stage / _MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    stage.chmod(0o755)
    target = root() / slot.name
    if target.exists():
        # A damaged thing: the rename needs its place, and the lock says that nobody else is repairing it.
        remove(target)
    stage.rename(target)


@contextlib.contextmanager
def lock(family: str, progress: Progress) -> Iterator[None]:
    """Hold the lock of one family; the operating system lets go of it when this process ends, however it ends."""
    from filelock import FileLock, Timeout

    folder = root() / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    held = FileLock(folder / f"{family}.lock")
    started = time.monotonic()
    timeout = 0.0
    while True:
        try:
            held.acquire(timeout=timeout)
            break
        except Timeout:
            waited = f" ({duration(time.monotonic() - started)})" if timeout else ""
            progress(f"Another process is preparing {family}: waiting for it{waited}")
            timeout = INTERVAL
    try:
        yield
    finally:
        held.release()
