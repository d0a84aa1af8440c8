"""Which identities a stack may take: pure rules over old and new inputs, and the words of each refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.spec.adoption import fits

if TYPE_CHECKING:
    from collections.abc import Mapping

FIXED: Final = ("tenant", "instance", "mode", "runtime", "account")
"""Inputs that never change in the life of a stack."""

DECLARED: Final = "declaredAccount"
ADOPT: Final = "adopt"
NULLABLE: Final = (DECLARED, ADOPT)
"""Inputs that may be missing."""

FREE: Final = ("template", "planFingerprint")
"""Inputs that every change of the instance may change."""

PREVIOUS: Final = "previousTemplate"
"""Output: the template version before the last change of version, for a way back."""

REQUIRED: Final = (*FIXED, *FREE)
PROPERTIES: Final = (*REQUIRED, *NULLABLE)

_UNCHANGED: Final = "Nothing was changed."
_MOVE: Final = (
    "`tenantry move` (planned) will bring an instance to another runtime or account; a plain update never does."
)
_MODES: Final = {"sandbox": "the local sandbox", "live": "live accounts"}


def shape_problems(inputs: Mapping[str, object], unknown: frozenset[str]) -> list[tuple[str, str]]:
    """Pairs of property and reason for inputs that are missing, of a wrong type, or not known to this resource."""
    listed = ", ".join(PROPERTIES)
    strange = sorted(set(inputs) - set(PROPERTIES))
    found = [(name, f"the identity has no property {name!r}; it has: {listed}") for name in strange]
    empty = [name for name in REQUIRED if name not in unknown and not _is_text(inputs.get(name))]
    found += [(name, f"{name} must be a text that is not empty") for name in empty]
    mode = inputs.get("mode")
    for name in NULLABLE:
        if name not in unknown and inputs.get(name) is not None and not _is_text(inputs[name]):
            found.append((name, f"{name} must be a text or null"))
    if "mode" not in unknown and _is_text(mode) and mode not in _MODES:
        found.append(("mode", f"mode must be one of: {', '.join(sorted(_MODES))}"))
    return found


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def refusals(old: Mapping[str, object], new: Mapping[str, object], unknown: frozenset[str]) -> list[tuple[str, str]]:
    """Pairs of property and reason why a stack with the inputs `old` (empty for a new one) may not take `new`.

    Properties in `unknown` have no value yet (a preview with a new provider) and are judged when they have one.
    A change of mode or runtime brings another account with it: only the first cause is named.
    """
    changed = [name for name in FIXED if old.get(name) and name not in unknown and old[name] != new.get(name)]
    if "mode" in changed or "runtime" in changed:
        changed = [name for name in changed if name != "account"]
    found = [(name, _reason(name, str(old[name]), str(new.get(name)))) for name in changed]
    declared, account = new.get(DECLARED), new.get("account")
    if not found and declared and not {DECLARED, "account"} & unknown and declared != account:
        found.append((DECLARED, _other_than_declared(str(declared), str(account))))
    token = new.get(ADOPT)
    if not found and token and not {ADOPT, *FIXED} & unknown and not fits(str(token), new):
        found.append((ADOPT, _foreign_token(new)))
    return found


def _foreign_token(new: Mapping[str, object]) -> str:
    named = ", ".join(f"{name} {short(str(new.get(name)))}" for name in FIXED)
    return (
        f"the token in `lifecycle.adopt` was not made for this instance ({named}). {_UNCHANGED} Take the token from "
        "the record of this very instance in `retired/`, with the account and mode that it was retired in."
    )


def _reason(name: str, old: str, new: str) -> str:
    if name == "mode":
        return (
            f"this stack was deployed to {_MODES.get(old, old)} and must not be used with {_MODES.get(new, new)}. "
            f"{_UNCHANGED} Set TENANTRY_MODE={old} (or `mode: {old}` in tenantry.yaml) to go on with it, "
            f"or give the {new} deployment a state of its own (another backend in tenantry.yaml)."
        )
    if name == "runtime":
        return (
            f"this stack runs on the runtime {old!r}, and now {new!r} is asked for. {_UNCHANGED} "
            f"Set `runtime.on: {old}` in the tenant file again. {_MOVE}"
        )
    if name == "account":
        return (
            f"this stack lives in the account with fingerprint {short(old)}, and the credentials in use belong to "
            f"the account with fingerprint {short(new)}. {_UNCHANGED} Use the first one's credentials again. {_MOVE}"
        )
    return (
        f"this stack belongs to the {name} {old!r}, and now the {name} {new!r} is asked for. {_UNCHANGED} "
        f"Set the {name} back to {old!r} in the tenant file, or make a new instance: tenantry new tenant"
    )


def _other_than_declared(declared: str, reported: str) -> str:
    return (
        f"the tenant file declares the account with fingerprint {short(declared)}, and the credentials in use belong "
        f"to the account with fingerprint {short(reported)}. {_UNCHANGED} Use the declared account's credentials, or "
        "correct the account that the tenant file declares. `tenantry move` (planned) will change accounts."
    )


def short(fingerprint: str) -> str:
    """The first twelve digits of a fingerprint, enough to compare by eye."""
    return fingerprint.removeprefix("sha256:")[:12]
