"""Template times tenant: the instance plan. Pure: no files, no network, no clock; every mistake at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.spec.capable import check_capabilities
from tenantry.spec.choices import choose_settings
from tenantry.spec.context import Context
from tenantry.spec.idle_data import with_kept
from tenantry.spec.inputs import check_inputs, check_models
from tenantry.spec.names import SPEC
from tenantry.spec.parts import build_components, build_routes
from tenantry.spec.plan import BucketPlan, DatabasePlan, DomainPlan, InstancePlan, MeterPlan, RuntimePlan
from tenantry.spec.supplied import supply_parameters
from tenantry.spec.urls import find_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.spec.plan import SourceRef, TemplateRef
    from tenantry.spec.target import Target
    from tenantry.spec.template import AppTemplate
    from tenantry.spec.tenant import Tenant


def resolve(
    template: AppTemplate,
    ref: TemplateRef,
    sources: Mapping[str, SourceRef],
    tenant: Tenant,
    target: Target,
    *,
    kept: AppTemplate | None = None,
) -> InstancePlan:
    """The plan of one instance.

    Args:
        template: the loaded template.
        ref: the version that the catalogue opened.
        sources: per component id the digest of its sources; `mini/<dialect>` for those of a mini-program.
        tenant: the loaded tenant file.
        target: the runtime, its abilities and its mode.
        kept: the template that `lifecycle.kept` names.

    Raises:
        SpecError: a file is wrong; every problem with its place.
        CapabilityError: the runtime or the stores cannot do what the plan asks; names everything that they cannot.
    """
    context = Context(template=template, ref=ref, sources=sources, tenant=tenant, target=target)
    check_inputs(context)
    if context.failed:
        context.finish()
    check_models(context)
    parameters, values = supply_parameters(context)
    choose_settings(context)
    check_capabilities(context)
    find_url(context)
    routes = build_routes(context)
    components = build_components(context, values)
    components = with_kept(components, kept, tenant)
    context.finish()
    retired = tenant.lifecycle.state == "retired"
    if retired:
        routes, components = (), tuple(one for one in components if isinstance(one, DatabasePlan | BucketPlan))
    return InstancePlan(
        spec=SPEC,
        tenant=tenant.tenant,
        instance=tenant.instance,
        mode=target.mode,
        ownership=tenant.ownership,
        template=ref,
        runtime=RuntimePlan(
            on=tenant.runtime.on,
            region=tenant.runtime.region,
            account=tenant.runtime.account,
            extensions=template.extensions.get(tenant.runtime.on, {}),
        ),
        stores=dict(tenant.stores),
        plan=tenant.plan,
        parameters=parameters,
        components=components,
        routes=routes,
        domains=tuple(
            DomainPlan(
                host=domain.host,
                tls=domain.tls,
                dns=domain.dns,
                certificate=domain.certificate.to_source() if domain.certificate else None,
                icp=domain.icp,
            )
            for domain in tenant.domains
        ),
        host=context.host,
        url=context.url,
        lifecycle_state=tenant.lifecycle.state,
        lifecycle_data=tenant.lifecycle.data,
        adopt=tenant.lifecycle.adopt,
        labels=dict(tenant.labels),
        meters=tuple(
            MeterPlan(id=name, unit=meter.unit, of=meter.of)
            for name, meter in sorted(template.meters.items())
            if meter.of not in context.left and not retired
        ),
        overlay=target.overlay,
        left_out=tuple(context.left_out),
    )
