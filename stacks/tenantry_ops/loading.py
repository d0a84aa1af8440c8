"""From an instance's id to its plan: tenant file, catalogue and runtime adapter, resolved and checked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tenantry import registry
from tenantry.contract.sandbox import loopback_url
from tenantry.errors import Problem, SandboxError, SpecError, TenantryError
from tenantry_ops.claims import check_claims
from tenantry_ops.environment import SANDBOX_PREFIX
from tenantry_ops.overlays import with_overlay
from tenantry_ops.policies import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.catalogue import TemplateVersion
    from tenantry.spec.plan import InstancePlan, Json, Mode
    from tenantry.spec.target import Target
    from tenantry.spec.tenant import Tenant
    from tenantry_ops.project import Project

HTTP_PORT = SANDBOX_PREFIX + "HTTP_PORT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """An instance ready to be deployed: its plan, the template version with its sources, and the tenant file."""

    plan: InstancePlan
    version: TemplateVersion
    tenant: Tenant
    advice: tuple[Problem, ...] = ()
    """What advisory policies say of the plan."""


def load(project: Project, instance: str, settings: Mapping[str, str] | None = None) -> Loaded:
    """Loads, resolves and checks one instance; nothing is deployed and no engine is started.

    Args:
        project: where the instance's file is.
        instance: its id.
        settings: what the sandbox says of itself; read from its folder where None. A sandbox that was never started
            gives a plan without a URL.

    Raises:
        SpecError: the tenant file or the template is wrong.
        CapabilityError: the runtime cannot do what the plan asks.
        CatalogueError: the template version is missing, was changed or is not trusted; or the overlay does not fit it.
        AdapterError: the runtime's adapter is missing or cannot be used.
        PolicyError: a mandatory policy of the project refuses the plan.
    """
    from tenantry.spec.check_project import check_state
    from tenantry.spec.load import load_tenant
    from tenantry.spec.resolution import resolve

    file = project.tenant_file(instance)
    shown = project.shown(file)
    if not file.is_file():
        known = ", ".join(project.instances()) or "none"
        raise SpecError(
            [Problem(file=shown, message=f"there is no instance {instance!r} (instances: {known})")],
            hint=f"Make it: tenantry new tenant {instance}",
        )
    tenant = load_tenant(file, name=shown)
    wrong = check_state(tenant, project.settings.backends, project.settings.secrets)
    if wrong:
        raise SpecError(tenant.source.problems(wrong))
    version, overlay = with_overlay(project, project.catalogue, project.catalogue.open(tenant.template), tenant)
    known_settings = sandbox_settings(project, tenant.runtime.on) if settings is None else settings
    where = dataclasses.replace(target(tenant.runtime.on, project.mode, known_settings), overlay=overlay)
    kept = project.catalogue.open(tenant.lifecycle.kept).template if tenant.lifecycle.kept else None
    plan = resolve(version.template, version.ref, version.source_refs, tenant, where, kept=kept)
    if tenant.lifecycle.state != "retired":
        host = None if tenant.domains else plan.host
        check_claims(project, instance, tenant.source, host, partial(_default_host_of, project, where))
    outcome = check(project, plan, shown)
    outcome.raise_refused(instance)
    return Loaded(plan=plan, version=version, tenant=tenant, advice=outcome.advised)


def _default_host_of(project: Project, where: Target, instance: str) -> str | None:
    """The host that another instance of the same runtime gets; None where it has another runtime or is broken."""
    runtime = project.tenant_data(instance).get("runtime")
    account = runtime.get("account", {}) if isinstance(runtime, dict) and runtime.get("on") == where.runtime else None
    if not isinstance(account, dict):
        return None
    try:
        return where.default_host(instance, account)
    except TenantryError:
        return None


def target(runtime: str, mode: Mode, settings: Mapping[str, str]) -> Target:
    """What resolve must know of a runtime in a mode. Raises AdapterError."""
    from tenantry.spec.target import Target

    adapter = registry.runtime(runtime)
    models = adapter.models()

    def default_host(instance: str, account: Mapping[str, Json]) -> str | None:
        if mode == "sandbox" and not settings:
            # A sandbox that was never started has no hosts yet; a file is not wrong because of that.
            return None
        return adapter.default_host(instance, account, settings)

    return Target(
        runtime=runtime,
        capabilities=adapter.capabilities() if mode == "live" else registry.sandbox_capabilities(runtime, settings),
        mode=mode,
        account=models.account,
        extensions=models.extensions,
        default_host=default_host,
        url=_live_url if mode == "live" else partial(_sandbox_url, settings.get(HTTP_PORT)),
        stores=registry.store_dialects(),
    )


def sandbox_settings(project: Project, runtime: str) -> dict[str, str]:
    """What the runtime's sandbox says of itself; empty when live and where it was never started."""
    if project.mode == "live" or runtime not in registry.sandboxes():
        return {}
    try:
        return dict(registry.sandbox(runtime).settings(project.sandbox_folder(runtime)))
    except SandboxError:
        return {}


def _live_url(host: str, tls: str) -> str:
    return f"http://{host}" if tls == "none" else f"https://{host}"


def _sandbox_url(port: str | None, host: str, _tls: str) -> str | None:
    return None if port is None else loopback_url(host, port)
