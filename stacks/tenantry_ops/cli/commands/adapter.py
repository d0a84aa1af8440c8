"""`tenantry adapter`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.base import GroupWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry_ops.cli.session import Session


@examples("tenantry adapter new mycloud")
@click.group(cls=GroupWithGlobals)
def adapter() -> None:
    """Start a runtime of your own, in a package of its own.

    Tenantry needs no change for it: an installed package is found by its entry points.
    """


@examples("tenantry adapter new mycloud", "tenantry adapter new mycloud packages/mycloud")
@adapter.command()
@click.argument("name")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False, metavar="[DIR]")
@pass_session
def new(session: Session, name: str, folder: Path | None) -> None:
    """Write a distribution that brings the runtime NAME to DIR, or to the folder tenantry-NAME.

    Runtime, sandbox, tests with the conformance kit, types, lint and a README; never overwrites a file.
    """
    from tenantry_ops.adapters import distribution_name, new_adapter

    root = folder or Path(distribution_name(name))
    written = new_adapter(root, name)
    screen = session.screen

    def show() -> None:
        screen.line(f"Made the package {distribution_name(name)} in {root.absolute()}")
        screen.line()
        screen.line("Next:")
        screen.line(f"  pip install --editable {root} pytest")
        screen.line(f"  cd {root} && pytest")

    document = {
        "runtime": name,
        "package": distribution_name(name),
        "folder": str(root.absolute()),
        "files": [str(file.relative_to(root)) for file in written],
    }
    session.screen.result(document, show)
