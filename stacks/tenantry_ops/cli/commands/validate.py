"""`tenantry validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.arguments import instances_argument
from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry_ops.cli.session import Session


@examples("tenantry validate", "tenantry validate acme --json")
@click.command(cls=CommandWithGlobals)
@instances_argument
@pass_session
def validate(session: Session, instances: tuple[str, ...]) -> None:
    """Check templates and tenant files, without the engine.

    Every mistake of every file at once, with file, line and column.
    """
    from tenantry_ops.loading import load

    project = session.project()
    for instance in instances or project.instances():
        load(project, instance)
