"""Arguments that several commands take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.session import Session

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def complete_instances(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of the project's instances for the shell's completion; none outside a project."""
    from click.shell_completion import CompletionItem

    from tenantry.errors import TenantryError

    try:
        ids = ctx.ensure_object(Session).project().instances()
    except (TenantryError, OSError):
        return []
    return [CompletionItem(name) for name in ids if name.startswith(incomplete)]


instance_argument = click.argument("instance", metavar="ID", shell_complete=complete_instances)
"""The id of one instance: the stem of its tenant file, the name of its stack."""

instances_argument = click.argument("instances", metavar="[ID]...", nargs=-1, shell_complete=complete_instances)
"""Ids of instances; none means all."""
