"""Sandboxes that the processes of one test run share: whoever needs one first starts it, the last to leave stops it."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock

from tenantry import registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest


def run_folder(paths: pytest.TempPathFactory) -> Path:
    """The temporary folder of the whole run: with several workers, the one above each worker's own."""
    own = paths.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


class SharedSandboxes:
    """Sandboxes in one folder, which projects use through `TENANTRY_SANDBOXES`.

    Instances of different projects stand side by side in them, so their ids must differ.

    Each object is one user.

    Args:
        folder: holds one folder per runtime.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._users = folder / ".users"
        self._users.mkdir(parents=True, exist_ok=True)
        self._name = secrets.token_hex(4)

    @classmethod
    def of_run(cls, paths: pytest.TempPathFactory) -> SharedSandboxes:
        """Those of this test run."""
        return cls(run_folder(paths) / "sandboxes")

    def of(self, runtime: str) -> Path:
        """The folder of one sandbox."""
        return self.folder / runtime

    def join(self, runtime: str) -> None:
        """Starts the sandbox where nobody did yet; it runs until every user has left. Raises SandboxError."""
        with self._locked(runtime):
            self._mark(runtime).touch()
            self.of(runtime).mkdir(exist_ok=True)
            registry.sandbox(runtime).up(self.of(runtime), lambda _: None)

    def leave(self, runtime: str) -> None:
        """Stops the sandbox where nobody else uses it; a process that has ended uses nothing."""
        with self._locked(runtime):
            self._mark(runtime).unlink(missing_ok=True)
            users = (int(mark.suffix[1:]) for mark in self._users.glob(f"{runtime}.*"))
            if not any(psutil.pid_exists(user) for user in users):
                registry.sandbox(runtime).down(self.of(runtime), lambda _: None)

    @contextmanager
    def _locked(self, runtime: str) -> Iterator[None]:
        with FileLock(self._users / f"{runtime}-lock"):
            yield

    def _mark(self, runtime: str) -> Path:
        return self._users / f"{runtime}.{self._name}.{os.getpid()}"
