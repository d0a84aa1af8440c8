"""Do template, version, tenant and target belong together, and do the open places fit the runtime's own models?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from tenantry.spec.base import validate
from tenantry.spec.check_template import check_template
from tenantry.spec.explain import explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from tenantry.spec.context import Context
    from tenantry.spec.source import Finding, Path


def check_inputs(context: Context) -> None:
    """Mistakes that leave nothing to go on with."""
    template, ref, tenant, target = context.template, context.ref, context.tenant, context.target
    if not template.checked:
        context.wrong_in_template(check_template(template))
    for field in ("name", "version"):
        if getattr(template, field) != getattr(ref, field):
            message = f"the template says {getattr(template, field)}, it was opened as {ref}"
            context.wrong_template((field,), message, "a version's folder is templates/<name>/<version>")
    name, _, version = tenant.template.partition("@")
    if name != ref.name or (version[:1].isdigit() and version != ref.version):
        context.wrong_tenant(("template",), f"the tenant asks for {tenant.template}, not for {ref}")
    if tenant.runtime.on != target.runtime:
        context.wrong_tenant(("runtime", "on"), f"the tenant's runtime is {tenant.runtime.on}, not {target.runtime}")


def check_models(context: Context) -> None:
    """Account and extensions against the runtime's models; overlays."""
    tenant, target = context.tenant, context.target
    on = tenant.runtime.on
    context.wrong_in_tenant(_against(target.account, tenant.runtime.account, ("runtime", "account")))
    extensions = context.template.extensions.get(on)
    if extensions is not None:
        context.wrong_in_template(_against(target.extensions, extensions, ("extensions", on)))
    # A plan without its overlay would deploy the template's own files, silently.
    if tenant.overlay is not None:
        laid = target.overlay
        if laid is None or laid.base != tenant.overlay.base:
            context.wrong_tenant(("overlay",), "the sources came without the overlay that the tenant file names")


def _against(model: type[BaseModel], data: Mapping[str, object], path: Path) -> list[Finding]:
    try:
        validate(model, data)
    except ValidationError as error:
        return explain(error, data, model, path)
    return []
