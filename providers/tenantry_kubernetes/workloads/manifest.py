"""What a manifest is here, and what is common to all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tenantry_kubernetes.names import labels, namespace_name

if TYPE_CHECKING:
    from tenantry.spec.plan import InstancePlan

Body: TypeAlias = dict[str, Any]
"""An object as the API server takes it; values may be Pulumi outputs."""

AWAIT_SECONDS: Final = 300
"""How long the plugin waits for an object to become ready before it says what is missing."""
INSTANCE: Final = "*"
"""Stands for the whole instance where a component is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One object to declare.

    `logical` is its frozen Pulumi name. `component` is the component that it belongs to, `*` for the instance's own.
    """

    logical: str
    component: str
    body: Body
    after: tuple[tuple[str, str], ...] = field(default=())
    """Pairs of kind and logical name that are declared earlier and must be there first."""

    @property
    def kind(self) -> str:
        """The object's kind."""
        return str(self.body["kind"])

    @property
    def key(self) -> tuple[str, str]:
        """Kind and logical name: unique in a stack."""
        return (self.kind, self.logical)


def head(
    plan: InstancePlan,
    api_version: str,
    kind: str,
    name: str,
    *,
    component: str | None = None,
    awaited: bool = False,
    annotations: dict[str, str] | None = None,
) -> Body:
    """`apiVersion`, `kind` and `metadata` of a namespaced object. `awaited`: the plugin waits for it, not for ever."""
    notes = {"tenantry.dev/declared-by": f"{plan.instance}/{component or 'instance'}"} | (annotations or {})
    if awaited:
        notes["pulumi.com/timeoutSeconds"] = str(AWAIT_SECONDS)
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace_name(plan),
            "labels": labels(plan, component),
            "annotations": notes,
        },
    }
