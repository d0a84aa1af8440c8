"""`tenantry logs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.arguments import instance_argument
from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry_ops.cli.session import Session


@examples("tenantry logs acme", "tenantry logs acme --component api --follow")
@click.command(cls=CommandWithGlobals)
@instance_argument
@click.option("--component", metavar="NAME", help="Only this component.")
@click.option("--follow", "-f", is_flag=True, help="Go on until Ctrl-C.")
@click.option("--tail", type=click.IntRange(min=0), default=100, show_default=True, help="Lines of each component.")
@pass_session
def logs(session: Session, instance: str, component: str | None, *, follow: bool, tail: int) -> None:
    """Show what the services of an instance print, oldest line first.

    With --json a list of objects: component, line; with --follow one object per line.
    """
    import os

    from tenantry import registry
    from tenantry.contract.runtime import Logs
    from tenantry.errors import CapabilityError
    from tenantry_ops import sandboxes
    from tenantry_ops.cli.stream import show_lines
    from tenantry_ops.environment import environment
    from tenantry_ops.loading import load

    project = session.project()
    sandboxes.require(project, instance)
    plan = load(project, instance).plan
    services = [part.id for part in plan.components if part.type in ("service", "site")]
    if component is not None and component not in services:
        raise click.UsageError(
            f"{instance!r} has no component {component!r} that prints; it has {', '.join(services)}."
        )
    adapter = registry.runtime(plan.runtime.on)
    if not isinstance(adapter, Logs):
        raise CapabilityError(
            f"The runtime {plan.runtime.on!r} cannot show logs.", hint="Use the vendor's own console."
        )
    variables = os.environ | environment(project, instance)
    lines = adapter.logs(plan, variables, component=component, follow=follow, tail=tail)
    show_lines(session.screen, lines, field="component", follow=follow)
