"""The project's policies, applied: to every plan that is loaded, and to every resource that the program declares."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from tenantry.policy.check import Outcome, check_plan
from tenantry.policy.load import stamp

if TYPE_CHECKING:
    from tenantry.spec.plan import InstancePlan
    from tenantry_ops.project import Project

FOLDER: Final = "policies"


def today() -> dt.date:
    """The day by which waivers are judged: UTC, so that it is the same for everybody."""
    return dt.datetime.now(dt.UTC).date()


def check(project: Project, plan: InstancePlan, file: str) -> Outcome:
    """What the project's policies say of a plan; `file` is how messages call its tenant file. Raises SpecError."""
    policies = project.policies
    return check_plan(policies, plan, today=today(), file=file) if policies.applied else Outcome()


def inputs(project: Project) -> list[str]:
    """What decides the outcome beside the plan: the files, and the day where there are any. Raises OSError."""
    stamped = stamp(project.root / FOLDER)
    return [stamped, today().isoformat()] if stamped else []


def register(project: Project, instance: str) -> None:
    """Has the resources of the running program checked. Raises SpecError."""
    if not (project.root / FOLDER).is_dir():
        return
    from tenantry.policy import transform

    transform.register(project.policies, instance, today=today())
