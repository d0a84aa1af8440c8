"""Tenantry: an app instance of its own for every tenant, at any vendor.

The public names below are imported when they are first used: `import tenantry` itself costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tenantry.contract.outputs import InstanceOutputs
    from tenantry.contract.runtime import RuntimeAdapter
    from tenantry.contract.sandbox import Sandbox
    from tenantry.contract.scope import Connection, Scope
    from tenantry.errors import TenantryError
    from tenantry.identity import Identity
    from tenantry.instance import AppInstance
    from tenantry.registry import runtime, runtimes, sandbox
    from tenantry.spec.plan import InstancePlan

__all__ = [
    "AppInstance",
    "Connection",
    "Identity",
    "InstanceOutputs",
    "InstancePlan",
    "RuntimeAdapter",
    "Sandbox",
    "Scope",
    "TenantryError",
    "runtime",
    "runtimes",
    "sandbox",
]

_HOMES: Final = {
    "AppInstance": "tenantry.instance",
    "Connection": "tenantry.contract.scope",
    "Identity": "tenantry.identity",
    "InstanceOutputs": "tenantry.contract.outputs",
    "InstancePlan": "tenantry.spec.plan",
    "RuntimeAdapter": "tenantry.contract.runtime",
    "Sandbox": "tenantry.contract.sandbox",
    "Scope": "tenantry.contract.scope",
    "TenantryError": "tenantry.errors",
    "runtime": "tenantry.registry",
    "runtimes": "tenantry.registry",
    "sandbox": "tenantry.registry",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'tenantry' has no attribute {name!r}")
    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
