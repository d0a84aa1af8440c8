"""Changes of a collection, and the memory that turns a new listing into changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tenantry_kubernetes.client.requests import Object


@dataclass(frozen=True, slots=True)
class Event:
    """One change. `SYNCED` has an empty object and follows each full listing: everything that exists was reported."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "SYNCED"]
    object: Object


@dataclass(slots=True)
class Memory:
    """The last state of each object: what was missed comes out of comparing it with a new listing."""

    known: dict[tuple[str, str], Object] = field(default_factory=dict)

    def relist(self, objects: Iterable[Object]) -> Iterator[Event]:
        """The changes between what was known and a full listing, then SYNCED."""
        seen: set[tuple[str, str]] = set()
        for each in objects:
            key = _key(each)
            seen.add(key)
            yield from self.put(each)
        for key in [key for key in self.known if key not in seen]:
            yield Event("DELETED", self.known.pop(key))
        yield Event("SYNCED", {})

    def put(self, new: Object) -> Iterator[Event]:
        """ADDED or MODIFIED; nothing where this version was already reported."""
        key = _key(new)
        old = self.known.get(key)
        self.known[key] = new
        if old is None:
            yield Event("ADDED", new)
        elif old["metadata"].get("uid") != new["metadata"].get("uid"):
            yield Event("DELETED", old)
            yield Event("ADDED", new)
        elif old["metadata"].get("resourceVersion") != new["metadata"].get("resourceVersion"):
            yield Event("MODIFIED", new)

    def drop(self, gone: Object) -> Iterator[Event]:
        """DELETED, where the object was known."""
        if self.known.pop(_key(gone), None) is not None:
            yield Event("DELETED", gone)


def _key(each: Object) -> tuple[str, str]:
    metadata = each["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
