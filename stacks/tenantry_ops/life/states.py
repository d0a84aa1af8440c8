"""Which state of its life an instance may go to next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.errors import PreflightError

if TYPE_CHECKING:
    from tenantry_ops.project import Project


def state_of(project: Project, instance: str) -> str:
    """What the tenant file says; `running` where it says nothing."""
    lifecycle = project.tenant_data(instance).get("lifecycle")
    state = lifecycle.get("state") if isinstance(lifecycle, dict) else None
    return state if isinstance(state, str) else "running"


def check_state(project: Project, instance: str, wanted: str) -> None:
    """Raises PreflightError where the instance cannot be suspended or resumed: a retired one has no stack to change."""
    from tenantry_ops.engine.deployed import read_resources

    if state_of(project, instance) == "retired" and not read_resources(project, instance):
        raise PreflightError(
            f"{instance} is retired: it cannot be {'resumed' if wanted == 'running' else wanted}.",
            hint=f"Bring it back: tenantry adopt {instance}",
        )
