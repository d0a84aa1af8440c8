"""versitygw, the S3 server behind the sandbox's buckets: built from its pinned module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenantry_toolchain import builder, cache, recipes
from tenantry_toolchain.progress import Progress, quiet

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStore:
    """The program and its version, without `v`."""

    versitygw: Path
    version: str


def find() -> ObjectStore | None:
    """The server that is there. Builds nothing."""
    stored = cache.read(recipes.versitygw().slot)
    return _store(stored) if stored else None


def ensure(progress: Progress = quiet) -> ObjectStore:
    """The server; built where it is not there yet. Silent when it is there.

    Raises:
        PreflightError: it is not there and cannot be built.
    """
    return _store(builder.obtain(recipes.versitygw(), progress))


def _store(stored: cache.Stored) -> ObjectStore:
    return ObjectStore(versitygw=stored.folder / "bin" / "versitygw", version=stored.version)
