"""What the program must know of retirements, also where plain `pulumi` runs it: it must start fast."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from tenantry.errors import PreflightError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pulumi

    from tenantry.spec.plan import InstancePlan
    from tenantry_ops.project import Project

_FOLDER = "retired"


def check_retired(project: Project, plan: InstancePlan) -> None:
    """Refuses to deploy beside data that a retired instance left, and to deploy a retired instance again.

    Raises PreflightError.
    """
    if not os.path.isdir(f"{project.root}/{_FOLDER}/{plan.instance}"):  # noqa: PTH112 - on every start of the program
        return
    from tenantry_ops.life.records import latest

    found = latest(project.root, plan.instance)
    if found is None or not found[1].waits or found[1].mode != plan.mode:
        return
    file, record = found
    if plan.lifecycle_state == "retired" or plan.adopt != record.token:
        raise PreflightError(
            f"{plan.instance} was retired at {record.retired}, and its data is still there ({project.shown(file)}).",
            hint=f"Take it over: tenantry adopt {plan.instance}. Or choose another instance id.",
        )


def adopted_secrets(plan: InstancePlan) -> Callable[[str], pulumi.Output[str] | None]:
    """Gives the passwords of adopted data by logical name, from the stack's encrypted settings.

    After the adoption they are in the state, and the settings have none any more.
    """
    import pulumi

    text = pulumi.Config("tenantry").get("kept") if plan.adopt is not None else None
    values = json.loads(text) if text else {}

    def adopted(name: str) -> pulumi.Output[str] | None:
        return pulumi.Output.secret(str(values[name])) if name in values else None

    return adopted
