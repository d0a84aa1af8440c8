"""`tenantry catalogue`."""

from __future__ import annotations

import click

from tenantry_ops.cli.base import GroupWithGlobals, examples


@examples("tenantry catalogue list", "tenantry catalogue check")
@click.group(cls=GroupWithGlobals)
def catalogue() -> None:
    """List, check and lock the template versions that the project uses.

    Released versions never change: templates/lock.yaml holds the digest of each.
    """
