"""`tenantry init`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry_ops.cli.session import Session


@examples("tenantry init shops", "tenantry init . --name shops")
@click.command(cls=CommandWithGlobals)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path(), metavar="[DIR]")
@click.option("--name", help="The Pulumi project's name; else made from the folder's.")
@pass_session
def init(session: Session, folder: Path, name: str | None) -> None:
    """Make a project of your own in DIR, or in the current folder.

    Writes Pulumi.yaml, the program, tenantry.yaml, tenant_configs/ and a README; never overwrites a file.
    """
    from tenantry_ops.init_project import init_project, project_name

    root = folder if folder.is_absolute() or session.folder is None else session.folder / folder
    written = init_project(root, name or project_name(root))
    screen = session.screen

    def show() -> None:
        screen.line(f"Made a project in {root.absolute()}")
        screen.line()
        screen.line("Next:")
        if root.absolute() != Path.cwd():
            screen.line(f"  cd {root}")
        screen.line("  tenantry sandbox up")
        screen.line(
            "  tenantry new tenant acme --template shop@stable --runtime kubernetes --plan free --param shop_name=Acme"
        )
        screen.line("  tenantry up acme")

    document = {"project": str(root.absolute()), "files": [str(file.relative_to(root)) for file in written]}
    session.screen.result(document, show)
