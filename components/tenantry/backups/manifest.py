"""What a backup says of itself."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from tenantry.contract.backups import DataRef
from tenantry.errors import TaskError

SPEC: Final = "tenantry/backup/v1"
ID: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUpFile:
    """One file. `path` is relative to the backup's folder, with `/`; `size` in bytes; `sha256` in hexadecimal."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The whole of a backup. `created` is UTC in ISO 8601, `template` is `name@version`.

    `purpose` is `by hand`, or `before <template>` for one that was made before a migration.
    """

    id: str
    created: str
    tenant: str
    instance: str
    runtime: str
    mode: str
    template: str
    purpose: str
    data: tuple[DataRef, ...]
    files: tuple[BackedUpFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def automatic(self) -> bool:
        """Whether a migration made it; only some of these are kept."""
        return self.purpose.startswith("before ")

    def to_json(self) -> dict[str, Any]:
        """The manifest as a JSON object."""
        return {"spec": SPEC} | asdict(self)

    @classmethod
    def parse(cls, content: bytes, name: str) -> Manifest:
        """The manifest in a file. Raises TaskError where it is none, or names files outside its folder."""
        try:
            found = json.loads(content)
            spec = found.pop("spec")
            data = tuple(DataRef(**item) for item in found.pop("data"))
            files = tuple(BackedUpFile(**item) for item in found.pop("files"))
            made = cls(data=data, files=files, **found)
            _check(spec, made)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TaskError(
                f"{name} is not the manifest of a backup ({type(error).__name__}).",
                hint="Use another backup: tenantry backup <instance> --list",
            ) from None
        return made


def _check(spec: object, made: Manifest) -> None:
    if spec != SPEC:
        raise ValueError("spec")
    texts = (made.id, made.created, made.tenant, made.instance, made.runtime, made.mode, made.template, made.purpose)
    components = [data.component for data in made.data]
    if not all(isinstance(text, str) for text in texts) or not ID.fullmatch(made.id):
        raise ValueError("texts")
    if len(set(components)) != len(components) or any(data.kind not in {"database", "bucket"} for data in made.data):
        raise ValueError("data")
    paths = [file.path for file in made.files]
    if len(set(paths)) != len(paths):
        raise ValueError("files")
    for file in made.files:
        path = PurePosixPath(file.path)
        inside = path.parts and path.parts[0] in components and not path.is_absolute() and ".." not in path.parts
        if not inside or str(path) != file.path or not _DIGEST.fullmatch(file.sha256) or file.size < 0:
            raise ValueError("files")
