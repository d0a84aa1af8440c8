"""One instance to a newer version and back, in front of everybody, while its URL is asked."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx

from tenantry.errors import SandboxError
from tenantry_ops.demo.reply import version_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry_ops.project import Project

LABEL: Final = "demo"
"""A tenant with the label `demo: upgrade` is the one that goes to the next version and back."""

_SETTLED: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A change of version that was seen: what the application said before and after, and how long it took."""

    instance: str
    before: str
    after: str
    seconds: float


def turning_instance(project: Project, instances: list[str]) -> str | None:
    """The instance that is to be upgraded and rolled back; None where no tenant file asks for it."""
    for instance in instances:
        labels = project.tenant_data(instance).get("labels")
        if isinstance(labels, dict) and labels.get(LABEL) == "upgrade":
            return instance
    return None


def upgrade_and_back(project: Project, instance: str, url: str, progress: Callable[[str], None]) -> list[Turn]:
    """Upgrades to the next version, waits until the application says so, and rolls back.

    The tenant file is as it was afterwards. Nothing happens where there is no newer version.

    Raises:
        TenantryError: a deployment failed; the tenant file says which version is deployed.
    """
    from tenantry_ops.life.versions import rollback_target, versions_of

    versions = versions_of(project, instance)
    newer = versions.newer()
    if not newer:
        return []
    there = _to(project, instance, url, f"{versions.name}@{newer[0]}", progress)
    back = rollback_target(project, instance, versions_of(project, instance), None)
    return [there, _to(project, instance, url, f"{versions.name}@{back}", progress)]


def _to(project: Project, instance: str, url: str, selector: str, progress: Callable[[str], None]) -> Turn:
    from tenantry_ops import engine
    from tenantry_ops.life.change import TenantChange, Watch

    wanted = selector.partition("@")[2]
    began = time.monotonic()
    with httpx.Client(timeout=10, trust_env=False) as client:
        before = version_of(client, url) or "-"
        progress(f"{instance}: {before} -> {wanted}")
        watch = Watch(lambda _event: None)
        with TenantChange(project, instance, {("template",): selector}, keep=lambda: watch.touched):
            engine.run(project, instance, "up", watch)
        after = _settled(client, instance, url, wanted)
    seconds = time.monotonic() - began
    progress(f"{instance}: {url} answers as {after} after {seconds:.1f} s")
    return Turn(instance=instance, before=before, after=after, seconds=seconds)


def _settled(client: httpx.Client, instance: str, url: str, wanted: str) -> str:
    deadline = time.monotonic() + _SETTLED
    while True:
        found = version_of(client, url)
        if found == wanted:
            return wanted
        if time.monotonic() > deadline:
            raise SandboxError(
                f"{instance}: {url} says version {found} and not {wanted}.",
                hint=f"Look at what it prints: tenantry logs {instance}",
            )
        time.sleep(0.2)
