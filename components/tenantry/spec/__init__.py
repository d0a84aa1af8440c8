"""The spec: templates and tenants, loaded, checked and resolved into plans.

Names are imported when they are first used: `tenantry.spec.plan` alone costs nothing but the standard library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenantry.spec.load import load_project, load_template, load_tenant
    from tenantry.spec.plan import InstancePlan, SourceRef, TemplateRef
    from tenantry.spec.project import ProjectSettings
    from tenantry.spec.resolution import resolve
    from tenantry.spec.target import Target
    from tenantry.spec.template import AppTemplate
    from tenantry.spec.tenant import Tenant

__all__ = [
    "AppTemplate",
    "InstancePlan",
    "ProjectSettings",
    "SourceRef",
    "Target",
    "TemplateRef",
    "Tenant",
    "load_project",
    "load_template",
    "load_tenant",
    "resolve",
]

_HOMES = {
    "AppTemplate": "template",
    "InstancePlan": "plan",
    "ProjectSettings": "project",
    "SourceRef": "plan",
    "Target": "target",
    "TemplateRef": "plan",
    "Tenant": "tenant",
    "load_project": "load",
    "load_template": "load",
    "load_tenant": "load",
    "resolve": "resolution",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
