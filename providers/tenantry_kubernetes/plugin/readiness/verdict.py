"""The form of a judgement."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry_kubernetes.client.requests import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`ready`: nothing to wait for. `failed`: waiting cannot help. `reasons`: what is missing, for people."""

    ready: bool = False
    failed: bool = False
    reasons: tuple[str, ...] = ()


READY: Final = Verdict(ready=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A collection that a judgement needs beside the object itself, by (apiVersion, kind) and a label selector."""

    api_version: str
    kind: str
    labels: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one kind becomes ready.

    `judge` gets the live object and the related ones by kind. `related` says which those are. `seconds` is how long to
    wait unless the program says otherwise. `on_read`: a refresh judges too, and keeps an object that is not ready
    together with the reasons.
    """

    judge: Callable[[Object, dict[str, list[Object]]], Verdict]
    related: Callable[[Object], tuple[Watched, ...]] = field(default=lambda _: ())
    seconds: float = 600
    on_read: bool = True


def selector(labels: dict[str, str] | None) -> str:
    """A label selector for equality of all given labels."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items()))
