"""Services that need each other's URL where none of them is known before the deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.spec.plan import ComponentField, ServicePlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry.spec.context import Context
    from tenantry.spec.plan import ComponentPlan


def check_cycles(context: Context, components: Sequence[ComponentPlan]) -> None:
    """Reports every cycle once, at the variable that closes it."""
    edges = {one.id: _needs(one) for one in components if isinstance(one, ServicePlan)}
    done: set[str] = set()
    for start in edges:
        _visit(context, edges, start, [], done)


def _needs(service: ServicePlan) -> dict[str, str]:
    """Component whose URL is needed -> variable that needs it."""
    return {
        part.component: variable.name
        for variable in service.env
        for part in variable.value.parts
        if isinstance(part, ComponentField) and part.field == "url"
    }


def _visit(context: Context, edges: dict[str, dict[str, str]], node: str, trail: list[str], done: set[str]) -> None:
    if node in trail:
        cycle = [*trail[trail.index(node) :], node]
        variable = edges[trail[-1]][node]
        context.wrong_template(
            ("components", trail[-1], "env", variable),
            f"{' needs the URL of '.join(cycle)}: none of them can be first",
            "give the instance a domain, or use ${url} and the route's path",
        )
        return
    if node in done or node not in edges:
        return
    for target in edges[node]:
        _visit(context, edges, target, [*trail, node], done)
    done.add(node)
