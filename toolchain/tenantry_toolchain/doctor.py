"""Whether this machine is ready, and what to do where it is not. Looks only; changes nothing that matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.errors import TenantryError
from tenantry_toolchain import machine, parts
from tenantry_toolchain.check import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Check", "checks"]


def checks() -> list[Check]:
    """All checks, in the order in which a newcomer meets what they look at."""
    looks: tuple[Callable[[], Iterator[Check]], ...] = (
        machine.python,
        machine.environment,
        machine.pip,
        machine.cache,
        machine.disk,
        parts.engine,
        parts.control_plane,
        parts.object_store,
        parts.gateway_api,
        parts.go,
        parts.plugins,
        machine.loopback,
    )
    found: list[Check] = []
    for look in looks:
        try:
            found.extend(look())
        except TenantryError as error:
            found.append(Check(name=look.__name__, state="fail", detail=error.message, hint=error.hint))
    return found
