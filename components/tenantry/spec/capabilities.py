"""What a runtime can do, as data: resolve checks plans against it, the docs and the kit read it.

A feature that an adapter does not list is not supported. Names of features and limits are closed lists, so that a
typing mistake in an adapter fails its contract test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

FEATURES: Final = frozenset(
    {
        "service",
        "service.source",
        "service.image",
        "service.scale",
        "service.scale_to_zero",
        "service.concurrency",
        "service.migrate",
        "site",
        "database.postgresql",
        "database.mysql",
        "database.external",
        "bucket",
        "bucket.public",
        "bucket.external",
        "schedule",
        "suspend",
        "domains",
        "domains.tls.managed",
        "domains.tls.provided",
        "domains.tls.none",
        "ownership.provider",
    }
)
"""Every feature that a plan can ask of a runtime."""

LIMITS: Final = frozenset(
    {
        "service.cpu_millis",
        "service.memory_bytes",
        "service.scale.max",
        "service.concurrency",
        "source.size_bytes",
        "migrate.timeout_seconds",
        "domains.count",
        "routes.count",
    }
)
"""Every limit that a runtime can set. Units are in the names; counts have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How we know. `source` is a link or a document, `on` the day it was read or run (ISO 8601)."""

    kind: Literal["documented", "recorded", "assumed"]
    source: str
    on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """`approximate`: accepted, `note` goes into the plan's `left_out`. `no`: an error, or left out where optional.

    For databases: `versions` are those that can be had, empty for every one. `exact` are those that are met as asked,
    empty for every one; for another one `inexact` goes into the plan's `left_out`.
    """

    support: Literal["yes", "approximate", "no"]
    provenance: Provenance
    note: str = ""
    versions: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    inexact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Both ends inclusive; None where that end is open."""

    provenance: Provenance
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a runtime can do. `source_runtimes` are the values that a packed service's `runtime` may have."""

    features: dict[str, Feature]
    limits: dict[str, Limit]
    source_runtimes: tuple[str, ...]
