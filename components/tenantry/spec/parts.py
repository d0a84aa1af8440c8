"""The plan's components and routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.spec.base import cpu_millis, memory_bytes
from tenantry.spec.bindings import binding
from tenantry.spec.check_template import routes_of
from tenantry.spec.components import Bucket, Database, MiniProgram, Schedule, Service, Site
from tenantry.spec.cycles import check_cycles
from tenantry.spec.plan import (
    BucketPlan,
    DatabasePlan,
    EnvVar,
    Migration,
    MiniProgramPlan,
    Resources,
    RoutePlan,
    Scale,
    SchedulePlan,
    ServicePlan,
    SitePlan,
    SourceRef,
    Text,
    Value,
)
from tenantry.spec.texts import render
from tenantry.spec.urls import instance_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.spec.components import AnyComponent
    from tenantry.spec.context import Context
    from tenantry.spec.plan import ComponentPlan, SecretPart

    Parts = Mapping[str, Text | SecretPart | None]

_NO_SOURCE = SourceRef(digest="sha256:", files=0, size=0)


def build_routes(context: Context) -> tuple[RoutePlan, ...]:
    """Routes, longest prefix first: the first one that fits wins."""
    found = []
    for prefix, component in routes_of(context.template).items():
        if component in context.left:
            context.note(f"routes.{prefix}", f"{component} is left out")
        else:
            found.append(RoutePlan(prefix=prefix, component=component))
    return tuple(sorted(found, key=lambda route: (-len(route.prefix), route.prefix)))


def build_components(context: Context, values: Parts) -> tuple[ComponentPlan, ...]:
    """Components that are not left out, by id."""
    built = [
        _build(context, values, name, component)
        for name, component in sorted(context.template.components.items())
        if name not in context.left
    ]
    if context.host is None:
        check_cycles(context, built)
    return tuple(built)


def _build(context: Context, values: Parts, name: str, component: AnyComponent) -> ComponentPlan:
    match component:
        case Service():
            return _service(context, values, name, component)
        case Site():
            return SitePlan(
                id=name, source=_source(context, name), index=component.index, not_found=component.not_found
            )
        case Database():
            return DatabasePlan(
                id=name,
                engine=component.engine,
                version=component.version,
                size=context.settings[name, "size"],  # type: ignore[arg-type] # choices keeps to the sizes
            )
        case Bucket():
            return BucketPlan(id=name, public=component.public)
        case Schedule():
            return SchedulePlan(
                id=name, cron=component.cron, timezone=component.timezone, target=component.target, path=component.path
            )
        case MiniProgram():
            return _mini_program(context, values, name, component)


def _service(context: Context, values: Parts, name: str, service: Service) -> ServicePlan:
    setting = context.settings
    migrate = service.migrate
    return ServicePlan(
        id=name,
        source=_source(context, name) if service.source is not None else None,
        image=service.image,
        runtime=service.runtime,
        command=service.command or (),
        health=service.health,
        resources=Resources(
            cpu_millis=cpu_millis(setting[name, "resources.cpu"]),
            memory_bytes=memory_bytes(str(setting[name, "resources.memory"])),
        ),
        scale=Scale(
            min=int(setting[name, "scale.min"]),
            max=int(setting[name, "scale.max"]),
            concurrency=int(setting[name, "scale.concurrency"]),
        ),
        bind=tuple(target for target in service.bind if target not in context.left),
        env=_environment(context, values, name, service),
        migrate=Migration(command=migrate.command, timeout=migrate.timeout, rollback=migrate.rollback)
        if migrate
        else None,
    )


def _environment(context: Context, values: Parts, name: str, service: Service) -> tuple[EnvVar, ...]:
    variables = [
        EnvVar(name="TENANTRY_INSTANCE", value=Value(parts=(Text(text=context.tenant.instance),))),
        EnvVar(name="TENANTRY_TEMPLATE", value=Value(parts=(Text(text=str(context.ref)),))),
        EnvVar(name="TENANTRY_URL", value=Value(parts=(instance_url(context),))),
    ]
    for target in service.bind:
        if target in context.left:
            context.note(f"{name}.bind.{target}", f"{target} is left out: its variables are missing")
        else:
            variables += binding(target, context.template.components[target].type)
    for key, text in service.env.items():
        value = render(context, values, text, ("components", name, "env", key))
        if value is not None:
            variables.append(EnvVar(name=key, value=value))
    return tuple(sorted(variables, key=lambda variable: variable.name))


def _mini_program(context: Context, values: Parts, name: str, program: MiniProgram) -> MiniProgramPlan:
    sources = []
    for store in sorted(context.tenant.stores):
        dialect = context.target.stores.get(store)
        if dialect in program.sources:
            sources.append((store, _source(context, f"{name}/{dialect}")))
        else:
            context.note(f"{name}.{store}", f"the template has no sources for this store's dialect {dialect}")
    ext = []
    for key, text in sorted(program.ext.items()):
        value = render(context, values, text, ("components", name, "ext", key))
        if value is not None:
            ext.append((key, value))
    return MiniProgramPlan(id=name, sources=tuple(sources), ext=tuple(ext))


def _source(context: Context, key: str) -> SourceRef:
    found = context.sources.get(key)
    if found is None:
        context.wrong_template(("components", key.partition("/")[0]), f"the sources of {key} were not packed")
    return found or _NO_SOURCE
