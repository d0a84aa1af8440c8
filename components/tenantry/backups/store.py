"""A folder of backups: `<root>/<instance>/<id>/`, readable by its owner only."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filelock import FileLock, Timeout

from tenantry.backups.manifest import ID, BackedUpFile, Manifest
from tenantry.errors import TaskError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER: Final = "TENANTRY_BACKUPS"
"""Names the folder of backups; else `.tenantry/backups` in the project's folder."""

MANIFEST: Final = "manifest.json"
PARTIAL: Final = ".partial"
AUTOMATIC_KEPT: Final = 5
"""How many backups that migrations made are kept of one instance."""

_BLOCK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BackupStore:
    """The backups of one project. Methods raise TaskError where the folder cannot be used."""

    root: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> BackupStore:
        """Where backups lie for whoever runs with this environment. Raises TaskError where that cannot be told."""
        named = environment.get(FOLDER)
        if named:
            return cls(Path(named).expanduser().absolute())
        begin = Path(environment.get("TENANTRY_ROOT") or ".").absolute()
        for folder in (begin, *begin.parents):
            if (folder / "Pulumi.yaml").is_file():
                return cls(folder / ".tenantry" / "backups")
        raise TaskError(
            f"There is no project at {begin} or above it, so that a backup has no place.",
            hint=f"Name a folder for backups: export {FOLDER}=/path",
        )

    def folder(self, instance: str) -> Path:
        """Where an instance's backups lie; made where it is missing."""
        folder = self.root / instance
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.root.chmod(0o700)
            folder.chmod(0o700)
        except OSError as error:
            raise TaskError(
                f"The folder of backups {folder} cannot be made: {error.strerror}.",
                hint=f"Make it writable, or name another one: export {FOLDER}=/path",
            ) from None
        return folder

    @contextlib.contextmanager
    def claimed(self, instance: str) -> Iterator[Path]:
        """The instance's folder while nobody else on this machine writes to it."""
        folder = self.folder(instance)
        try:
            with FileLock(folder / ".lock", timeout=0):
                yield folder
        except Timeout:
            raise TaskError(
                f"Another backup of {instance} is being made on this machine.", hint="Repeat when it has ended."
            ) from None

    def list_all(self, instance: str) -> list[Manifest]:
        """Every finished backup of an instance that can be understood, oldest first."""
        found = []
        for folder in self._folders(instance):
            with contextlib.suppress(TaskError, OSError):
                found.append(self._read(folder))
        return sorted(found, key=lambda manifest: manifest.id)

    def instances(self) -> list[str]:
        """Instances with a folder of backups, sorted."""
        try:
            return sorted(path.name for path in self.root.iterdir() if path.is_dir())
        except FileNotFoundError:
            return []

    def find(self, name: str, instance: str) -> Manifest:
        """A backup by `<instance>/<id>`, or by `<id>` or `latest` for one of `instance`. Raises TaskError."""
        owner, slash, backup = name.rpartition("/")
        if not slash:
            return self.get(instance, backup)
        if owner not in self.instances():
            known = ", ".join(self.instances()) or "none"
            raise TaskError(f"There is no backup {name!r} in {self.root}.", hint=f"Instances with backups: {known}")
        return self.get(owner, backup)

    def get(self, instance: str, backup: str) -> Manifest:
        """One backup; `latest` is the newest."""
        if backup == "latest":
            known = self.list_all(instance)
            if known:
                return known[-1]
        elif ID.fullmatch(backup) and (self.root / instance / backup / MANIFEST).is_file():
            return self._read(self.root / instance / backup)
        listed = ", ".join(manifest.id for manifest in self.list_all(instance)[-5:]) or "none"
        raise TaskError(
            f"There is no backup {backup!r} of {instance} in {self.root}.", hint=f"The newest ones are: {listed}"
        )

    def verify(self, manifest: Manifest) -> Path:
        """The backup's folder, after every file was read and compared with the manifest. Raises TaskError."""
        folder = self.root / manifest.instance / manifest.id
        expected = {file.path: file for file in manifest.files}
        there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()} - {MANIFEST}
        wrong = [f"{path} is missing" for path in sorted(set(expected) - there)]
        wrong += [f"{path} does not belong to it" for path in sorted(there - set(expected))]
        wrong += [
            f"{path} was changed"
            for path in sorted(there & set(expected))
            if (folder / path).is_symlink() or describe(folder, folder / path) != expected[path]
        ]
        if wrong:
            raise TaskError(
                f"The backup {manifest.id} of {manifest.instance} is damaged: {'; '.join(wrong[:5])}.",
                hint="Use another backup: tenantry backup <instance> --list",
            )
        return folder

    def remove(self, instance: str, backup: str) -> None:
        """Removes one backup."""
        shutil.rmtree(self.root / instance / self.get(instance, backup).id)

    def prune(self, instance: str) -> list[str]:
        """Removes what migrations made but the newest few; names what was removed."""
        old = [manifest.id for manifest in self.list_all(instance) if manifest.automatic][:-AUTOMATIC_KEPT]
        for backup in old:
            shutil.rmtree(self.root / instance / backup, ignore_errors=True)
        return old

    def _folders(self, instance: str) -> list[Path]:
        try:
            return [path for path in (self.root / instance).iterdir() if ID.fullmatch(path.name) and path.is_dir()]
        except FileNotFoundError:
            return []

    def _read(self, folder: Path) -> Manifest:
        manifest = Manifest.parse((folder / MANIFEST).read_bytes(), str(folder / MANIFEST))
        if (manifest.instance, manifest.id) != (folder.parent.name, folder.name):
            raise TaskError(f"{folder / MANIFEST} is the manifest of another backup.")
        return manifest


def describe(folder: Path, file: Path) -> BackedUpFile:
    """A file with its size and digest, read in blocks."""
    digest = hashlib.sha256()
    size = 0
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return BackedUpFile(path=file.relative_to(folder).as_posix(), size=size, sha256=digest.hexdigest())


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that only its owner can read, in one step and durably."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
