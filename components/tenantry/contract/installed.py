"""What an installed adapter must be before it is used; each failure names the command that puts it right."""

from __future__ import annotations

import importlib.metadata
import re
from typing import TYPE_CHECKING

from tenantry.contract.runtime import API_VERSION
from tenantry.errors import AdapterError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint

_REQUIREMENT = re.compile(
    r"^\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^]]*\])?\s*\(?(?P<versions>[^;)]*)\)?\s*(;(?P<marker>.*))?$"
)
_ONLY_EXTRA = re.compile(r"^\s*extra\s*==\s*['\"](?P<extra>[^'\"]+)['\"]\s*$")
_PIN = re.compile(r"^\s*==\s*(?P<version>[^,*\s]+)\s*$")


def check_extras(label: str, entry: EntryPoint) -> None:
    """Refuses an entry point `name = module:Class [extra]` whose extra is not installed, or not in the pinned version.

    Requirements with further markers are left to the import. Raises AdapterError.
    """
    if entry.dist is None:
        return
    for extra in entry.extras:
        wrong = [problem for text in entry.dist.requires or [] if (problem := _unmet(text, extra))]
        if wrong:
            raise AdapterError(
                f"{label} needs the extra {extra!r}, which is not complete: {'; '.join(wrong)}.",
                hint=f"Install it: pip install '{entry.dist.name}[{extra}]'",
            )


def _unmet(text: str, extra: str) -> str:
    requirement = _REQUIREMENT.match(text)
    marker = _ONLY_EXTRA.match(requirement["marker"] or "") if requirement else None
    if requirement is None or marker is None or marker["extra"] != extra:
        return ""
    try:
        installed = importlib.metadata.version(requirement["name"])
    except importlib.metadata.PackageNotFoundError:
        return f"{requirement['name']} is not installed"
    pin = _PIN.match(requirement["versions"])
    if pin is not None and pin["version"] != installed:
        return f"{requirement['name']} is {installed}, not {pin['version']}"
    return ""


def check_api_version(label: str, distribution: str, version: object) -> None:
    """Refuses another major version of the contract and says which side to upgrade. Raises AdapterError."""
    if version == API_VERSION:
        return
    if not isinstance(version, str) or not version.isdecimal():
        raise AdapterError(
            f"{label} has api_version {version!r}; it must be {API_VERSION!r}.",
            hint=f"Install another version of {distribution}: pip install --upgrade {distribution}",
        )
    difference = f"{label} was written for adapter contract {version}; this Tenantry has contract {API_VERSION}."
    if int(version) < int(API_VERSION):
        raise AdapterError(
            difference,
            hint=f"The adapter is too old: pip install --upgrade {distribution}",
        )
    raise AdapterError(difference, hint="Tenantry is too old: pip install --upgrade tenantry")


def check_members(label: str, distribution: str, adapter: object, members: Iterable[str], protocol: str) -> None:
    """Refuses an object that lacks a member of its protocol. Raises AdapterError."""
    missing = [name for name in members if not hasattr(adapter, name)]
    if missing:
        raise AdapterError(
            f"{label} is no {protocol}: it lacks {', '.join(missing)}.",
            hint=f"Install another version of {distribution}: pip install --upgrade {distribution}",
        )
