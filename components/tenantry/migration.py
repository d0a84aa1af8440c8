"""Steps between an instance's data and its services: backup and migration before a roll, clearing up after it.

Both are resources of our own provider (`pulumi-resource-tenantry`), which calls the runtime adapter back: they happen
under plain `pulumi up` as well.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import pulumi

from tenantry.contract.backups import DataRef
from tenantry.contract.tasks import InstanceRef
from tenantry.spec.plan import ServicePlan

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tenantry.spec.plan import InstancePlan, Json

MIGRATION: Final = "tenantry:index:Migration"
SWEEP: Final = "tenantry:index:Sweep"


class Migration(pulumi.CustomResource):
    """Brings an instance's data to a template version, once: under a lock, after a backup, before its services roll.

    The provider refuses, already at preview, a version on the other side of a forward-only migration.

    Args:
        name: logical name; the instance id.
        plan: whose data, and to which version.
        tasks: service with a migration -> the `spec` of its `TaskRequest`.
        elsewhere: components whose data somebody else keeps and backs up.
        opts: must carry the `tenantry` provider.
    """

    backup: pulumi.Output[str]
    """The id of the backup that was made before the last migration; empty where none was made."""

    def __init__(
        self,
        name: str,
        *,
        plan: InstancePlan,
        tasks: Mapping[str, pulumi.Input[dict[str, Json]]],
        elsewhere: Collection[str] = (),
        opts: pulumi.ResourceOptions,
    ) -> None:
        steps = {
            component.id: {
                "command": list(component.migrate.command),
                "timeout": component.migrate.timeout,
                "rollback": component.migrate.rollback,
                "task": tasks[component.id],
            }
            for component in plan.components
            if isinstance(component, ServicePlan) and component.migrate is not None
        }
        inputs: dict[str, object] = {
            "instance": dataclasses.asdict(InstanceRef.of(plan)),
            "template": str(plan.template),
            "forwardOnly": list(plan.template.forward_only),
            "steps": steps,
            "data": [data.to_json() for data in DataRef.all_of(plan) if data.component not in elsewhere],
            "adopted": plan.adopt is not None,
        }
        super().__init__(MIGRATION, name, inputs | {"backup": None, "generation": None}, opts)


class Sweep(pulumi.CustomResource):
    """Clears up what only earlier versions of an instance used, after its services have rolled.

    Args:
        name: logical name; the instance id.
        plan: whose.
        keep: what the deployed version uses, as the adapter's `sweep` names it.
        opts: must carry the `tenantry` provider.
    """

    def __init__(
        self, name: str, *, plan: InstancePlan, keep: Sequence[pulumi.Input[str]], opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__(SWEEP, name, {"instance": dataclasses.asdict(InstanceRef.of(plan)), "keep": list(keep)}, opts)
