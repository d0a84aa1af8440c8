"""Copies of an instance's data, and putting them back.

An adapter that keeps data adds `Backups`. It moves one component's data between the instance and a folder; what a
backup is as a whole (manifest, digests, resuming, verification, locking) is the same for all and lives in
`tenantry.backups`. The forms are portable, so that a backup from one runtime can be put back on another:

- a PostgreSQL database is one file, `dump`, in pg_dump's custom format, without owners and privileges;
- a MySQL database is one file, `dump`, of SQL statements;
- a bucket is one file `objects.jsonl`, one JSON object per line with `key`, `size`, `sha256`, `type` (content type) and
  `metadata`, and one file `objects/<sha256>` per different content.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from tenantry.spec.plan import BucketPlan, DatabasePlan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tenantry.contract.tasks import InstanceRef
    from tenantry.spec.plan import InstancePlan, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRef:
    """A component that holds data. `engine` and `version` are those of a database, empty for a bucket."""

    component: str
    kind: Literal["database", "bucket"]
    engine: str = ""
    version: str = ""

    @classmethod
    def all_of(cls, plan: InstancePlan) -> tuple[DataRef, ...]:
        """Every component of a plan that holds data, by id."""
        found: list[DataRef] = []
        for component in plan.components:
            if isinstance(component, DatabasePlan):
                found.append(
                    cls(component=component.id, kind="database", engine=component.engine, version=component.version)
                )
            elif isinstance(component, BucketPlan):
                found.append(cls(component=component.id, kind="bucket"))
        return tuple(sorted(found, key=lambda data: data.component))

    def to_json(self) -> dict[str, Json]:
        """The reference as a JSON object with the names of its fields."""
        return {"component": self.component, "kind": self.kind, "engine": self.engine, "version": self.version}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequest:
    """One component's data, and the folder that takes or holds it."""

    instance: InstanceRef
    data: DataRef
    folder: Path


@runtime_checkable
class Backups(Protocol):
    """An adapter that can copy the data of its instances."""

    def save(self, request: DataRequest, environment: Mapping[str, str], progress: Callable[[str], None]) -> None:
        """Writes a component's data as files below the folder, which exists and may hold part of an earlier attempt.

        A database as it is at one moment. Contents of a bucket that are there already, under the right name and with
        the right digest, need not be read again. Raises TaskError where the data cannot be reached, VendorError.
        """
        ...

    def load(self, request: DataRequest, environment: Mapping[str, str], progress: Callable[[str], None]) -> None:
        """Replaces a component's data by the files below the folder, which were verified.

        A database in one transaction where the engine has such. Afterwards nothing is there that is not in the folder.
        Doing it again after a kill gives the same. Raises TaskError, VendorError.
        """
        ...
