"""What the plan asks of the runtime and the stores, against what they can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.spec.base import cpu_millis, memory_bytes
from tenantry.spec.check_template import routes_of
from tenantry.spec.components import Bucket, Database, MiniProgram, Schedule, Service, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.spec.components import AnyComponent
    from tenantry.spec.context import Context
    from tenantry.spec.source import Path

Need = tuple[str, str]
"""A feature, and the dotted place that asks for it."""


def check_capabilities(context: Context) -> None:
    """Errors for what is needed and cannot be had; optional components are left out, and said so."""
    for name, component in context.template.components.items():
        reasons = list(_reasons(context, name, component))
        if not reasons:
            _notes(context, name, component)
        elif component.optional:
            context.left[name] = "; ".join(reason for _, reason in reasons)
        else:
            for path, reason in reasons:
                context.unable_template(("components", name, *path), reason)
    _dependants(context)
    for name, reason in context.left.items():
        context.note(name, reason)
    _instance(context)


def _reasons(context: Context, name: str, component: AnyComponent) -> Iterator[tuple[Path, str]]:
    if isinstance(component, MiniProgram):
        yield from _stores(context, component)
        return
    on = context.target.runtime
    for feature, place in _needs(context, name, component):
        found = context.target.capabilities.features.get(feature)
        if found is None or found.support == "no":
            note = f": {found.note}" if found is not None and found.note else ""
            yield tuple(place.split(".")) if place else (), f"the runtime {on} cannot do {feature}{note}"
        elif isinstance(component, Database) and found.versions and component.version not in found.versions:
            others = ", ".join(found.versions)
            yield ("version",), f"the runtime {on} cannot do {component.engine} {component.version}, only {others}"
    if isinstance(component, Service):
        known = context.target.capabilities.source_runtimes
        if component.runtime is not None and component.runtime not in known:
            yield ("runtime",), f"the runtime {on} cannot run {component.runtime}, only {', '.join(known) or 'images'}"
        yield from _service_limits(context, name, component)
    elif isinstance(component, Site):
        yield from _limit(context, "source.size_bytes", _size(context, name), ("source",))


def _needs(context: Context, name: str, component: AnyComponent) -> Iterator[Need]:
    match component:
        case Service():
            yield "service", ""
            yield ("service.source", "source") if component.source is not None else ("service.image", "image")
            if _number(context, name, "scale.max") > 1:
                yield "service.scale", "scale.max"
            if component.migrate is not None:
                yield "service.migrate", "migrate"
        case Site():
            yield "site", ""
        case Database():
            yield f"database.{component.engine}", "engine"
        case Bucket():
            yield "bucket", ""
            if component.public:
                yield "bucket.public", "public"
        case Schedule():
            yield "schedule", ""
        case MiniProgram():
            pass


def _notes(context: Context, name: str, component: AnyComponent) -> None:
    features = context.target.capabilities.features
    for feature, place in _needs(context, name, component):
        found = features[feature]
        if found.support == "approximate":
            context.note(f"{name}.{place}" if place else name, found.note)
        if isinstance(component, Database) and found.exact and component.version not in found.exact:
            context.note(f"{name}.version", found.inexact)
    if not isinstance(component, Service):
        return
    # Both are permissions or hints, never demands: a runtime without them goes on and says so.
    if _number(context, name, "scale.min") == 0:
        zero = features.get("service.scale_to_zero")
        if zero is None or zero.support != "yes":
            note = zero.note if zero is not None else ""
            context.note(f"{name}.scale.min", note or f"{context.target.runtime} keeps one copy running")
    if (name, "scale.concurrency") in context.chosen:
        found_limit = features.get("service.concurrency")
        if found_limit is None or found_limit.support != "yes":
            note = found_limit.note if found_limit is not None else ""
            context.note(f"{name}.scale.concurrency", note or f"only a hint on {context.target.runtime}")


def _service_limits(context: Context, name: str, service: Service) -> Iterator[tuple[Path, str]]:
    cpu, memory = context.settings[name, "resources.cpu"], context.settings[name, "resources.memory"]
    yield from _limit(context, "service.cpu_millis", cpu_millis(cpu), ("resources", "cpu"))
    yield from _limit(context, "service.memory_bytes", memory_bytes(str(memory)), ("resources", "memory"))
    yield from _limit(context, "service.scale.max", _number(context, name, "scale.max"), ("scale", "max"))
    if (name, "scale.concurrency") in context.chosen:
        wanted = _number(context, name, "scale.concurrency")
        yield from _limit(context, "service.concurrency", wanted, ("scale", "concurrency"))
    if service.source is not None:
        yield from _limit(context, "source.size_bytes", _size(context, name), ("source",))
    if service.migrate is not None:
        yield from _limit(context, "migrate.timeout_seconds", service.migrate.timeout, ("migrate", "timeout"))


def _limit(context: Context, limit: str, value: float, path: Path) -> Iterator[tuple[Path, str]]:
    found = context.target.capabilities.limits.get(limit)
    if found is None:
        return
    if found.minimum is not None and value < found.minimum:
        yield path, f"{limit} {value:g} is below what {context.target.runtime} allows: {found.minimum:.15g}"
    if found.maximum is not None and value > found.maximum:
        yield path, f"{limit} {value:.15g} is above what {context.target.runtime} allows: {found.maximum:.15g}"


def _size(context: Context, name: str) -> int:
    source = context.sources.get(name)
    return source.size if source is not None else 0


def _number(context: Context, name: str, setting: str) -> int:
    value = context.settings[name, setting]
    return value if isinstance(value, int) else 0


def _stores(context: Context, component: MiniProgram) -> Iterator[tuple[Path, str]]:
    tenant, installed = context.tenant, context.target.stores
    if not tenant.stores:
        yield (), "the tenant gives no store to publish it in"
    elif not any(installed.get(store) in component.sources for store in tenant.stores):
        dialects = ", ".join(sorted(component.sources))
        yield ("sources",), f"it speaks {dialects}; none of the tenant's stores {', '.join(tenant.stores)} does"


def _dependants(context: Context) -> None:
    """What needs a component that is left out."""
    for name, component in context.template.components.items():
        if not isinstance(component, Schedule) or name in context.left or component.target not in context.left:
            continue
        reason = f"its target {component.target} is left out"
        if component.optional:
            context.left[name] = reason
        else:
            context.unable_template(("components", name, "target"), reason)


def _instance(context: Context) -> None:
    tenant = context.tenant
    needs: list[tuple[str, Path]] = []
    if tenant.lifecycle.state == "suspended":
        needs.append(("suspend", ("lifecycle", "state")))
    if tenant.ownership == "provider":
        needs.append(("ownership.provider", ("ownership",)))
    if tenant.domains:
        needs.append(("domains", ("domains",)))
    needs += [(f"domains.tls.{domain.tls}", ("domains", index, "tls")) for index, domain in enumerate(tenant.domains)]
    for feature, path in needs:
        _instance_feature(context, feature, path)
    for path, reason in _limit(context, "domains.count", len(tenant.domains), ("domains",)):
        context.unable_tenant(path, reason)
    for path, reason in _limit(context, "routes.count", len(routes_of(context.template)), ("routes",)):
        context.unable_template(path, reason)
    _installed_stores(context)


def _instance_feature(context: Context, feature: str, path: Path) -> None:
    found = context.target.capabilities.features.get(feature)
    if found is None or found.support == "no":
        note = f": {found.note}" if found is not None and found.note else ""
        context.unable_tenant(path, f"the runtime {context.target.runtime} cannot do {feature}{note}")
    elif found.support == "approximate":
        context.note(feature, found.note)


def _installed_stores(context: Context) -> None:
    known = context.target.stores
    has_program = any(isinstance(one, MiniProgram) for one in context.template.components.values())
    for store in context.tenant.stores:
        if store not in known:
            hint = f"installed: {', '.join(sorted(known)) or 'none'}"
            context.unable_tenant(("stores", store), f"there is no installed store `{store}`", hint)
        elif not has_program:
            context.note(f"stores.{store}", f"{context.ref} has no mini-program")
