"""`tenantry schema`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry_ops.cli.session import Session

KINDS = ("tenant", "template", "project")


@examples("tenantry schema", "tenantry schema template --out template.schema.json")
@click.command(cls=CommandWithGlobals)
@click.argument("kind", type=click.Choice(KINDS), default="tenant")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it to FILE.")
@pass_session
def schema(session: Session, kind: str, out: Path | None) -> None:
    """Print the JSON Schema of tenant files, templates or tenantry.yaml.

    Composed from the core and the installed runtimes and stores; editors check and complete files with it.
    """
    from tenantry import registry
    from tenantry.errors import PreflightError
    from tenantry.spec.schema import compose, render

    models = {name: registry.runtime(name).models() for name in registry.runtimes()}
    composed = compose({name: (found.account, found.extensions) for name, found in models.items()})
    text = render(composed[kind])
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PreflightError(f"{out} cannot be written: {error.strerror}.", hint="Choose another file.") from error
    session.screen.result({"kind": kind, "file": str(out)}, lambda: session.screen.line(f"Wrote {out}"))
