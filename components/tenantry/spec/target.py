"""Where an instance goes: what resolve must know of a runtime, as data and two pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel

    from tenantry.spec.capabilities import Capabilities
    from tenantry.spec.plan import Json, Mode, OverlayPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One runtime in one mode.

    `account` and `extensions` are the runtime's strict models. `default_host(instance, account)` is the host of an
    instance without domains, None where it is known only after the deployment; it may raise CapabilityError.
    `url(host, tls)` is the base URL of a host (tls as in a domain; `managed` for the default host), None where it is
    not known yet. `stores` maps every installed store to its dialect. `overlay` is the digest of the tenant's overlay,
    where it has one.
    """

    runtime: str
    capabilities: Capabilities
    mode: Mode
    account: type[BaseModel]
    extensions: type[BaseModel]
    default_host: Callable[[str, Mapping[str, Json]], str | None]
    url: Callable[[str, str], str | None]
    stores: Mapping[str, str] = field(default_factory=dict)
    overlay: OverlayPlan | None = None
