"""The template versions that an instance could have, the one it has, and the one it had before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.catalogue.files import version_order
from tenantry.errors import PreflightError
from tenantry_ops.engine.deployed import plain_text, read_resources
from tenantry_ops.engine.events import IDENTITY_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry_ops.project import Project

_USUAL: Final = "stable"
"""The channel that an upgrade follows where the template has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What there is of one instance's template.

    `current` is what the tenant file means, `deployed` what the stack says (None where nothing is deployed), `before`
    what the stack had before that (None where its version never changed). `available` is every version of the
    catalogue, oldest first; `channels` maps a channel to its version. `selector` is the file's own word.
    """

    name: str
    selector: str
    current: str
    deployed: str | None
    before: str | None
    available: tuple[str, ...]
    channels: Mapping[str, str]

    def newer(self) -> tuple[str, ...]:
        """Versions above the current one, oldest first."""
        return tuple(one for one in self.available if version_order(one) > version_order(self.current))

    def to_json(self) -> dict[str, object]:
        """As a JSON object."""
        return {
            "template": self.name,
            "current": self.current,
            "deployed": self.deployed,
            "before": self.before,
            "available": list(self.available),
            "channels": dict(self.channels),
        }


def versions_of(project: Project, instance: str) -> Versions:
    """Raises SpecError for a file without a template, CatalogueError for one that is not there, EngineError."""
    from tenantry.spec.load import load_tenant

    file = project.tenant_file(instance)
    selector = load_tenant(file, name=project.shown(file)).template
    name, current = project.catalogue.pin(selector)
    stamped = stamp_of(project, instance)
    return Versions(
        name=name,
        selector=selector,
        current=current,
        deployed=_version(name, stamped.get("template")),
        before=_version(name, stamped.get("previousTemplate")),
        available=tuple(project.catalogue.versions(name)),
        channels=dict(project.catalogue.channels.get(name, {})),
    )


def stamp_of(project: Project, instance: str) -> dict[str, str]:
    """What the identity in the stack says; empty where nothing is deployed."""
    for resource in read_resources(project, instance) or ():
        if resource.type == IDENTITY_TYPE:
            texts = {name: plain_text(value) for name, value in resource.outputs.items()}
            return {name: text for name, text in texts.items() if text is not None}
    return {}


def upgrade_target(project: Project, versions: Versions, to: str | None, instance: str) -> str:
    """The version to go to: what was asked for (a version or a channel), else the channel `stable`, else the newest.

    Raises CatalogueError for a version that is not there, PreflightError for one below the current.
    """
    if to is None:
        return _proposed(versions)
    target = _pinned(project, versions, to)
    if version_order(target) < version_order(versions.current):
        raise PreflightError(
            f"{versions.name} {target} is older than {versions.current}, which the tenant file has.",
            hint=f"Go back with: tenantry rollback {instance} --to {target}",
        )
    return target


def rollback_target(project: Project, instance: str, versions: Versions, to: str | None) -> str:
    """The version to go back to: what was asked for, else what the stack had before. Raises PreflightError."""
    known = ", ".join(versions.available)
    if to is None:
        if versions.before is None:
            raise PreflightError(
                f"The stack of {instance} knows no version before {versions.deployed or versions.current}.",
                hint=f"Name one: tenantry rollback {instance} --to VERSION (there are: {known})",
            )
        to = versions.before
    target = _pinned(project, versions, to)
    if version_order(target) > version_order(versions.deployed or versions.current):
        raise PreflightError(
            f"{versions.name} {target} is newer than {versions.deployed or versions.current}.",
            hint=f"Go forward with: tenantry upgrade {instance} --to {target}",
        )
    return target


def data_to_keep(project: Project, versions: Versions, target: str) -> str | None:
    """The version whose databases and buckets wait while an older one that lacks them is deployed; None for none."""
    from tenantry.spec.idle_data import holds_more

    newest = f"{versions.name}@{versions.deployed or versions.current}"
    newer = project.catalogue.open(newest).template
    older = project.catalogue.open(f"{versions.name}@{target}").template
    return newest if holds_more(newer, older) else None


def _proposed(versions: Versions) -> str:
    released = [one for one in versions.available if "-" not in one]
    stable = versions.channels.get(_USUAL)
    candidates = [stable] if stable is not None else released[-1:]
    newer = [one for one in candidates if version_order(one) > version_order(versions.current)]
    return newer[-1] if newer else versions.current


def _pinned(project: Project, versions: Versions, to: str) -> str:
    selector = to if to.startswith(f"{versions.name}@") else f"{versions.name}@{to}"
    name, version = project.catalogue.pin(selector)
    if version not in versions.available:
        project.catalogue.open(f"{name}@{version}")
    return version


def _version(name: str, stamped: str | None) -> str | None:
    """The version in a stamp of this template; None for another template's."""
    template, _, version = (stamped or "").partition("@")
    return version if template == name and version else None
