"""What the daemon was told to run, one JSON file per thing: `instances/<instance>/<kind>/<name>.json`."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenantry_vendor.sandbox.files import private_folder, write_private

from tenantry_host.daemon.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS: Final = ("apps", "sites", "routes")
_ID: Final = re.compile(r"[a-z](-?[a-z0-9])*")
_ID_LENGTH: Final = 80


@dataclass(frozen=True, slots=True)
class Key:
    """Names one thing."""

    kind: str
    instance: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.instance}/{self.name}"

    @classmethod
    def checked(cls, kind: str, instance: str, name: str) -> Key:
        """Raises RefusedError for what is no id: it will be part of a path."""
        if kind not in KINDS:
            raise RefusedError(404, "unknown_kind", f"The host has no {kind}.", f"It has: {', '.join(KINDS)}")
        for each in (instance, name):
            if len(each) > _ID_LENGTH or not _ID.fullmatch(each):
                raise RefusedError(400, "bad_id", f"{each!r} is not an id.", "Use lower-case letters, digits and '-'.")
        return cls(kind, instance, name)


class Store:
    """The folder of one host; only its owner may read it: environments hold secrets."""

    def __init__(self, folder: Path) -> None:
        self.folder = private_folder(folder)
        self.token_file = folder / "token"
        self._instances = private_folder(folder / "instances")
        if not self.token_file.exists():
            write_private(self.token_file, secrets.token_urlsafe(32) + "\n")
        self._id_file = folder / "id"
        if not self._id_file.exists():
            write_private(self._id_file, f"{uuid.uuid4()}\n")

    @property
    def host_id(self) -> str:
        """What tells this host from every other; made once."""
        return self._id_file.read_text(encoding="ascii").strip()

    @property
    def tokens(self) -> list[str]:
        """What lets in: the host's own token, and those in the folder `tokens`, one file per holder."""
        holders = (file for file in (self.folder / "tokens").glob("*") if not file.name.startswith("."))
        found = []
        for file in (self.token_file, *holders):
            # One that is taken away meanwhile lets nobody in.
            with contextlib.suppress(FileNotFoundError):
                found.append(file.read_text(encoding="ascii").strip())
        return [token for token in found if token]

    def put(self, key: Key, spec: dict[str, Any]) -> None:
        """Keeps the thing, in place of the one before."""
        file = self._file(key)
        private_folder(file.parent.parent)
        private_folder(file.parent)
        write_private(file, json.dumps(spec))

    def get(self, key: Key) -> dict[str, Any] | None:
        """The thing as it was put."""
        try:
            found: dict[str, Any] = json.loads(self._file(key).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return found

    def drop(self, key: Key) -> None:
        """Forgets the thing, and its instance with the last one."""
        file = self._file(key)
        file.unlink(missing_ok=True)
        for folder in (file.parent, file.parent.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def entries(self, instance: str = "*") -> Iterator[Key]:
        """Everything there is, or what one instance has."""
        for file in sorted(self._instances.glob(f"{instance}/*/*.json")):
            if not file.name.startswith("."):
                yield Key(file.parent.name, file.parent.parent.name, file.stem)

    def _file(self, key: Key) -> Path:
        return self._instances / key.instance / key.kind / f"{key.name}.json"
