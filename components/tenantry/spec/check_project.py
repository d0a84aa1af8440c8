"""What must hold inside the project's settings, and between them and a tenant file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tenantry.spec.names import suggest
from tenantry.spec.source import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenantry.spec.project import ProjectSettings
    from tenantry.spec.tenant import Tenant


def check_project(project: ProjectSettings) -> list[Finding]:
    """Every mistake between the fields."""
    findings: list[Finding] = []
    for name, provider in project.secrets.items():
        if provider.path is None:
            continue
        wrong = [found for found in re.findall(r"\{[^}]*\}?|\}", provider.path) if found != "{instance}"]
        if wrong:
            findings.append(
                Finding(("secrets", name, "path"), f"`{wrong[0][:40]}` is unknown", "only {instance} is filled in")
            )
    if project.trust.require_signatures and not project.trust.publishers:
        hint = "add trust.publishers, each with the PEM files of its public keys"
        findings.append(
            Finding(("trust", "require_signatures"), "signatures are required, but nobody is trusted", hint)
        )
    return findings


def check_state(tenant: Tenant, backends: Iterable[str], secrets: Iterable[str]) -> list[Finding]:
    """Names in the tenant's `state` that are not among the project's backends and secrets providers."""
    backends, secrets = set(backends), set(secrets)
    findings: list[Finding] = []
    if tenant.state.backend not in backends:
        hint = suggest(tenant.state.backend, backends)
        findings.append(Finding(("state", "backend"), f"the project has no backend `{tenant.state.backend}`", hint))
    if tenant.state.secrets not in secrets:
        hint = suggest(tenant.state.secrets, secrets)
        findings.append(
            Finding(("state", "secrets"), f"the project has no secrets provider `{tenant.state.secrets}`", hint)
        )
    return findings
