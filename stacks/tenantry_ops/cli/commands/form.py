"""`tenantry form`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry.spec.parameter_schema import Language
    from tenantry_ops.cli.session import Session


@examples("tenantry form shop@stable --runtime kubernetes --language zh")
@click.command(cls=CommandWithGlobals)
@click.argument("template", metavar="NAME@VERSION")
@click.option("--runtime", required=True, metavar="NAME", help="Where the backend runs; see `tenantry runtimes`.")
@click.option("--language", "chosen", type=click.Choice(["en", "zh"]), help="Of the texts; else the locale's.")
@pass_session
def form(session: Session, template: str, *, runtime: str, chosen: Language | None) -> None:
    """Print the form of a new tenant for web pages: JSON Schema and the UI schema of JSON Forms.

    An object: schema, uischema, data (what a form begins with). What the form sends back is a tenant file.
    """
    from tenantry import registry
    from tenantry.spec.form import tenant_form
    from tenantry_ops.cli.language import language

    models = registry.runtime(runtime).models()
    made = tenant_form(
        session.project().catalogue.open(template).template,
        selector=template,
        runtime=runtime,
        account=models.account,
        extensions=models.extensions,
        language=chosen or language(),
    )
    document = {"schema": made.schema, "uischema": made.uischema, "data": made.data}
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
