"""What an instance gives back: one shape on every runtime."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pulumi

    from tenantry.spec.plan import LeftOut


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceOutputs:
    """The outputs of one app instance.

    `url`: where the instance answers, no trailing slash. `services`: component id -> its own URL (the instance's URL
    plus the route's prefix). `databases`: component id -> connection fields, secret. `buckets`: component id ->
    endpoint, region, name. `desired_miniprograms`: store -> version and ext. `refs`: the vendor's ids, by readable
    name. `left_out`: what the runtime adds to the plan's own list.
    """

    url: pulumi.Input[str]
    services: dict[str, pulumi.Input[str]] = field(default_factory=dict)
    databases: dict[str, pulumi.Input[dict[str, str]]] = field(default_factory=dict)
    buckets: dict[str, pulumi.Input[dict[str, str]]] = field(default_factory=dict)
    desired_miniprograms: dict[str, pulumi.Input[dict[str, str]]] = field(default_factory=dict)
    refs: dict[str, pulumi.Input[str]] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
