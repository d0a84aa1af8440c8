"""`tenantry policies`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry_ops.cli.session import Session


@examples("tenantry policies", "tenantry policies --json")
@click.command(cls=CommandWithGlobals)
@pass_session
def policies(session: Session) -> None:
    """List the policies that apply in the project, and the waivers with the days that they still hold.

    They stand in `policies/policies.yaml` and in the Python files beside it. With --json an object: policies (name,
    level, kind, description, settings), waivers (policy, instance, until, days_left, reason, approved_by), available
    (built-in policies that the project does not use).
    """
    from tenantry.policy import ResourcePolicy
    from tenantry.policy.builtin import PLAN_POLICIES, RESOURCE_POLICIES
    from tenantry_ops.policies import today

    found = session.project().policies
    now = today()
    applied = [
        {
            "name": each.policy.name,
            "level": each.level,
            "kind": "resource" if isinstance(each.policy, ResourcePolicy) else "plan",
            "description": each.policy.description,
            "settings": dict(each.settings),
        }
        for each in found.applied
    ]
    waivers = [(waiver, waiver.days_left(now)) for waiver in sorted(found.waivers, key=lambda waiver: waiver.until)]
    available = sorted({*PLAN_POLICIES, *RESOURCE_POLICIES} - {each.policy.name for each in found.applied})

    def show() -> None:
        screen = session.screen
        if not applied:
            screen.line("No policy applies: policies/policies.yaml names none.")
        else:
            screen.table(
                ("POLICY", "LEVEL", "WHAT IT ASKS"),
                [(each.policy.name, each.level, each.policy.description) for each in found.applied],
            )
        if waivers:
            screen.line()
            screen.table(
                ("WAIVER", "INSTANCE", "UNTIL", "APPROVED BY", "REASON"),
                [(w.policy, w.instance, _ends(w.until, days), w.approved_by, w.reason) for w, days in waivers],
            )
        if available:
            screen.line(f"Built in and not used: {', '.join(available)}")

    session.screen.result(
        {
            "policies": applied,
            "waivers": [waiver.model_dump() | {"days_left": days} for waiver, days in waivers],
            "available": available,
        },
        show,
    )


def _ends(until: str, days: int) -> str:
    if days < 0:
        return f"{until} (ended)"
    return f"{until} ({days} days left)"
