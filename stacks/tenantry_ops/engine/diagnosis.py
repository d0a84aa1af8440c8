"""From what the engine said to the one error that tells a person what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tenantry import errors
from tenantry.errors import (
    CapabilityError,
    EngineError,
    IdentityError,
    PreflightError,
    Problem,
    SpecError,
    TenantryError,
    VendorError,
)
from tenantry_ops.engine.events import IDENTITY_TYPE, name_of, type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenantry_ops.engine.events import Diagnostic

_PROBLEM: Final = re.compile(r"(?:property \S+ value \{.*?\} )?has a problem: (?P<reason>.*)", re.DOTALL)
_NOISE: Final = re.compile(
    r"^(error: )?(an unhandled error occurred|update failed|preview failed|resource registration failed)"
)
_ASKED: Final = re.compile(
    r"invoke of (?P<token>\S+) failed: invocation of \S+ returned an error: (?P<said>.*)", re.DOTALL
)
_FRAME: Final = re.compile(r'\s+File ".*", line \d+')
_LINES_SHOWN: Final = 20


class _Known(NamedTuple):
    pattern: re.Pattern[str]
    kind: type[TenantryError]
    message: str
    hint: str


def _known(pattern: str, kind: type[TenantryError], message: str, hint: str) -> _Known:
    return _Known(re.compile(pattern), kind, message, hint)


_BEFORE: Final = (
    _known(
        r"incorrect passphrase",
        PreflightError,
        "The key in {key} does not open the state of {instance}.",
        "Put the key back that the instance was made with; it cannot be made again.",
    ),
    _known(
        r"passphrase must be set|unable to read PULUMI_CONFIG_PASSPHRASE_FILE",
        PreflightError,
        "The key file {key} of {instance} cannot be read.",
        "Put the key back that the instance was made with; a new instance gets one by: tenantry new tenant",
    ),
    _known(
        r"unable to open (state directory|state database|bucket)|unable to check if bucket|could not list bucket"
        r"|read-only file system|error listing stacks|(failed|unable) to (read|load) (checkpoint|metadata)"
        r"|connection refused|no such host|i/o timeout",
        PreflightError,
        "The state of {instance} cannot be reached: {said}",
        "Check the backend in tenantry.yaml, the network and your rights there.",
    ),
)
"""What the engine says before it starts anything."""

_DURING: Final = (
    _known(
        r"no (resource|language) plugin '[^']+'|could not find plugin \S+",
        PreflightError,
        "A plugin is missing: {said}",
        "See what is there: tenantry doctor. In the sandbox: tenantry sandbox up",
    ),
    _known(
        r"unprotect the resource|is protected",
        EngineError,
        "{instance} has data that is protected: {said}",
        "Nothing that holds data was removed or replaced, and no deployment does so: keep the version and the "
        "components that have it. `tenantry retire {instance}` ends the instance and keeps its data, with a record of "
        "where it is; `tenantry retire {instance} --data delete` deletes it.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Everything that is known of a failed operation. `program_error` is what the program wrote of its own error."""

    instance: str
    operation: str
    status: int
    diagnostics: Sequence[Diagnostic]
    stderr: str
    key: str
    program_error: dict[str, Any] | None = None


def diagnose(failure: Failure, components: Callable[[], Sequence[str]]) -> TenantryError:
    """The error to raise.

    Args:
        failure: what happened.
        components: the plan's component ids, asked for only where a resource failed; may raise TenantryError.
    """
    if failure.program_error is not None:
        return revive(failure.program_error)
    found = [item for item in failure.diagnostics if item.severity == "error" and not _NOISE.match(item.message)]
    refused = [item for item in found if type_of(item.urn) == IDENTITY_TYPE]
    if refused:
        return IdentityError("\n".join(_sentence(_reason(item.message)) for item in refused))
    for item in found:
        if asked := _ASKED.search(item.message):
            return _unanswered(failure, asked["token"], asked["said"])
    said = "\n".join([*(item.message for item in found), failure.stderr])
    for known in _DURING if found else (*_BEFORE, *_DURING):
        if known.pattern.search(said):
            facts = {"instance": failure.instance, "key": failure.key, "said": _last_line(said)}
            return known.kind(known.message.format(**facts), hint=known.hint.format(**facts))
    return _failed(failure, found, components)


def revive(data: dict[str, Any]) -> TenantryError:
    """An error from its JSON form."""
    kind = getattr(errors, str(data.get("error")), EngineError)
    message, hint = str(data.get("message", "")), str(data.get("hint", ""))
    problems = [Problem(**problem) for problem in data.get("problems", [])]
    if kind is SpecError:
        return SpecError(problems, hint=hint)
    if kind is CapabilityError:
        return CapabilityError(message, hint=hint, problems=problems)
    if kind is VendorError:
        return VendorError(
            message, vendor_code=data.get("vendor_code", ""), request_id=data.get("request_id", ""), hint=hint
        )
    if isinstance(kind, type) and issubclass(kind, TenantryError):
        return kind(message, hint=hint)
    return EngineError(message, hint=hint)


def component_of(name: str, components: Sequence[str]) -> str | None:
    """The component that a logical name belongs to: its id, or `<id>-<role>`; the longest that fits."""
    fitting = [item for item in components if name == item or name.startswith(f"{item}-")]
    return max(fitting, key=len, default=None)


def _failed(failure: Failure, found: Sequence[Diagnostic], components: Callable[[], Sequence[str]]) -> EngineError:
    by_resource = [item for item in found if item.urn and "pulumi:pulumi:Stack" not in item.urn]
    if by_resource:
        try:
            ids = components()
        except TenantryError:
            ids = ()
        lines = [_of_resource(item, ids) for item in by_resource]
    else:
        lines = [_without_frames(item.message) for item in found] or _tail(failure.stderr)
    done = {"preview": "The preview", "up": "The deployment", "refresh": "The refresh", "destroy": "The removal"}
    what = done.get(failure.operation, "The operation")
    if failure.status < 0:
        message = f"{what} of {failure.instance} ended: the engine was killed by signal {-failure.status}."
        hint = f"What it had begun is repaired by the next run: tenantry {failure.operation} {failure.instance}"
    else:
        message = f"{what} of {failure.instance} failed."
        hint = f"Correct the cause and run it again: tenantry {failure.operation} {failure.instance}"
    return EngineError("\n".join([message, *_indented(lines)]), hint=hint)


def _of_resource(item: Diagnostic, components: Sequence[str]) -> str:
    name = name_of(item.urn)
    component = component_of(name, components)
    where = f"component {component}: " if component else ""
    return f"{where}{type_of(item.urn)} {name}: {item.message}"


def _unanswered(failure: Failure, token: str, said: str) -> PreflightError:
    """What a provider said to an adapter that asked it something, such as whose credentials are in use."""
    message, _, hint = said.strip().partition("\n")
    usual = f"Correct the cause and run it again: tenantry {failure.operation} {failure.instance}"
    return PreflightError(f"{failure.instance}: {message} (asked: {token})", hint=hint.strip() or usual)


def _without_frames(message: str) -> str:
    """The end of a traceback, which says what happened; another message as it is."""
    lines = message.splitlines()
    frames = [number for number, line in enumerate(lines) if _FRAME.match(line)]
    if not frames:
        return message
    after = lines[frames[-1] + 1 :]
    while after and after[0][:1].isspace():
        after.pop(0)
    return "\n".join(after).strip() or message


def _reason(message: str) -> str:
    found = _PROBLEM.search(message)
    return (found["reason"] if found else message).strip()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("error: ") if lines else ""


def _tail(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()][-_LINES_SHOWN:]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {part}" for line in lines[:_LINES_SHOWN] for part in line.splitlines()]
