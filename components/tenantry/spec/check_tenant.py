"""What must hold inside a tenant file, whatever its template is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.spec.source import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.spec.tenant import Tenant


def check_tenant(tenant: Tenant, stem: str, broken: frozenset[str] = frozenset()) -> list[Finding]:
    """Every mistake between the fields. `stem` is the file's name without its ending."""
    named = [] if "/instance" in broken else _instance(tenant, stem)
    return [*named, *_domains(tenant), *_overlay(tenant), *_kept(tenant)]


def _instance(tenant: Tenant, stem: str) -> Iterator[Finding]:
    if tenant.instance != stem:
        hint = f"rename the file to {tenant.instance}.yaml, or write instance: {stem[:40]}"
        yield Finding(("instance",), f"the file is called {stem[:40]}, the instance {tenant.instance}", hint)


def _domains(tenant: Tenant) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, domain in enumerate(tenant.domains):
        if domain.host in seen:
            message = f"the host {domain.host} is also domain {seen[domain.host] + 1}"
            yield Finding(("domains", index, "host"), message, "keep one of them")
        seen.setdefault(domain.host, index)


def _kept(tenant: Tenant) -> Iterator[Finding]:
    template = tenant.template.partition("@")[0]
    if tenant.lifecycle.kept is not None and tenant.lifecycle.kept.partition("@")[0] != template:
        hint = f"name a version of {template}, or remove it"
        yield Finding(("lifecycle", "kept"), f"the data is of another template than {template}", hint)


def _overlay(tenant: Tenant) -> Iterator[Finding]:
    if tenant.overlay is None:
        return
    template = tenant.template.partition("@")[0]
    if tenant.overlay.base.partition("@")[0] != template:
        hint = f"name the version of {template} that the overlay's files were made for"
        yield Finding(("overlay", "base"), f"the overlay is for another template than {template}", hint)
    parts = tenant.overlay.path.removeprefix("./").split("/")
    if tenant.overlay.path.startswith("/") or ".." in parts or "\x00" in tenant.overlay.path:
        yield Finding(
            ("overlay", "path"), "the overlay must be a folder of the project", "write a path such as ./overlays/acme"
        )
