"""What the engine reports while it works, as small frozen types. Source: Pulumi's `apitype.EngineEvent`, one a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STACK_TYPE: Final = "pulumi:pulumi:Stack"
IDENTITY_TYPE: Final = "tenantry:index:Identity"
SECRET: Final = "[secret]"  # noqa: S105 - what is shown instead of one
UNKNOWN: Final = "[unknown]"

_SPECIAL: Final = "4dabf18193072939515e22adb298388d"
"""The key by which the engine marks values that are not plain, such as secrets."""
_UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The text that stands for a value that a preview does not know."""
_DEBUG: Final = '"severity":"debug"'


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceEvent:
    """One step of one resource.

    `operation` is the engine's word: `create`, `update`, `delete`, `same`, `replace`, `read`, `refresh`, ...; `release`
    where the stack only forgets what stays at the vendor. `type` and `name` are the resource's Pulumi type and logical
    name.
    """

    state: Literal["started", "done", "failed"]
    operation: str
    urn: str
    type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Something that the engine, a provider or the program said. `urn` is empty where no resource is meant."""

    severity: Literal["info", "warning", "error"]
    urn: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that our runner does beside the operation itself, such as a repair."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """The stack's outputs; secrets are `[secret]`, values that a preview does not know are `[unknown]`."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """The identity's own stamp: the fingerprint of the plan that is deployed."""

    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The end of an operation: how many resources had which operation."""

    changes: Mapping[str, int]


Event: TypeAlias = ResourceEvent | Diagnostic | Note
"""What callers of the runner see."""

EngineEvent: TypeAlias = ResourceEvent | Diagnostic | Outputs | Stamped | Summary


def parse(line: str) -> list[EngineEvent]:
    """The events of one line of the event log; empty for what nobody needs.

    Debug messages are dropped unread: the Python SDK writes plain secrets into them.
    """
    if _DEBUG in line:
        return []
    try:
        event = json.loads(line)
    except ValueError:
        return []
    if not isinstance(event, dict):
        return []
    for kind, read in _READERS.items():
        if kind in event:
            return read(event[kind])
    return []


def name_of(urn: str) -> str:
    """The logical name in a URN; the URN itself where it is none."""
    return urn.split("::", 3)[-1]


def type_of(urn: str) -> str:
    """The resource type in a URN, without the types of its parents; empty where it has none."""
    parts = urn.split("::", 3)
    return parts[2].rsplit("$", 1)[-1] if len(parts) == 4 else ""  # noqa: PLR2004 - stack, project, type, name


def plain(value: object) -> Any:  # noqa: ANN401 - a JSON value
    """A value of an event as JSON: secrets and unknown values become the texts that stand for them."""
    if isinstance(value, dict):
        if _SPECIAL in value:
            return SECRET
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return UNKNOWN if value == _UNKNOWN_TEXT else value


def _resource(state: Literal["started", "done", "failed"], metadata: dict[str, Any]) -> ResourceEvent:
    urn, operation = metadata["urn"], metadata["op"]
    # The engine calls it a deletion; at the vendor nothing happens.
    if operation == "delete" and (metadata.get("old") or {}).get("retainOnDelete"):
        operation = "release"
    return ResourceEvent(state=state, operation=operation, urn=urn, type=metadata["type"], name=name_of(urn))


def _outputs(metadata: dict[str, Any]) -> list[EngineEvent]:
    new = metadata.get("new")
    if metadata["type"] == IDENTITY_TYPE and new:
        fingerprint = (new.get("inputs") or {}).get("planFingerprint")
        return [Stamped(fingerprint=fingerprint)] if isinstance(fingerprint, str) else []
    if metadata["type"] != STACK_TYPE or not new:
        return []
    return [Outputs(values={key: plain(value) for key, value in (new.get("outputs") or {}).items()})]


def _diagnostic(event: dict[str, Any]) -> list[EngineEvent]:
    severity = event.get("severity", "info")
    if event.get("ephemeral") or severity == "debug":
        return []
    kind: Literal["info", "warning", "error"] = "info"
    if severity in {"warning", "error"}:
        kind = severity
    elif severity == "info#err":
        kind = "warning"
    return [Diagnostic(severity=kind, urn=event.get("urn", ""), message=event.get("message", "").strip())]


def _step(state: Literal["started", "done", "failed"], event: dict[str, Any]) -> list[EngineEvent]:
    metadata = event["metadata"]
    step = _resource(state, metadata)
    return [step, *_outputs(metadata)] if state == "done" else [step]


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], list[EngineEvent]]]] = {
    "diagnosticEvent": _diagnostic,
    "resourcePreEvent": partial(_step, "started"),
    "resOutputsEvent": partial(_step, "done"),
    "resOpFailedEvent": partial(_step, "failed"),
    "summaryEvent": lambda event: [Summary(changes=event.get("resourceChanges") or {})],
}
