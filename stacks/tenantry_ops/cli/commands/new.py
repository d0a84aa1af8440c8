"""`tenantry new`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.arguments import instance_argument
from tenantry_ops.cli.base import GroupWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry_ops.cli.session import Session


@examples("tenantry new tenant acme --template shop@stable --runtime kubernetes --plan free --param shop_name=Acme")
@click.group(cls=GroupWithGlobals)
def new() -> None:
    """Add an instance to the project.

    Its tenant file goes to tenant_configs/, its key to .tenantry/secrets, its stack to the state's backend.
    """


@examples(
    "tenantry new tenant acme --template shop@stable --runtime kubernetes --plan free --param shop_name=Acme",
    "tenantry new tenant acme-eu --tenant acme --template shop@1.1.0 --runtime kubernetes \\\n"
    "      --param shop_name=Acme --param theme=dark --domain shop.acme.example --account context=prod",
)
@new.command()
@click.argument("instance", metavar="ID")
@click.option(
    "--template", required=True, metavar="NAME@VERSION", help="A version or a channel: shop@1.1.0, shop@stable."
)
@click.option("--runtime", required=True, metavar="NAME", help="Where the backend runs; see `tenantry runtimes`.")
@click.option("--tenant", metavar="NAME", help="The owner; else the id.")
@click.option("--region", metavar="NAME", help="The vendor's region.")
@click.option("--plan", metavar="NAME", help="One of the template's plans.")
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the template. A secret one: NAME=env:VARIABLE, file:PATH, stack:KEY or broker:NAME.",
)
@click.option(
    "--account",
    multiple=True,
    metavar="NAME=VALUE",
    help="A field of the runtime's account, dots for fields below: context=prod, kubeconfig=ref:env:NAME.",
)
@click.option(
    "--domain", "domains", multiple=True, metavar="HOST", help="A host name; HOST,tls=none for one without HTTPS."
)
@click.option("--no-stack", is_flag=True, help="Write the files only; `tenantry new stack ID` makes the stack later.")
@pass_session
def tenant(
    session: Session,
    *,
    instance: str,
    template: str,
    runtime: str,
    tenant: str | None,
    region: str | None,
    plan: str | None,
    params: tuple[str, ...],
    account: tuple[str, ...],
    domains: tuple[str, ...],
    no_stack: bool,
) -> None:
    """Write a tenant file, make its passphrase file and its stack.

    The file lists the template's other parameters with their defaults. Nothing is left behind where something is wrong.
    """
    from tenantry_ops.new_tenant import Request, write_tenant
    from tenantry_ops.stacks import ensure_stack

    project = session.project()
    request = Request(
        instance=instance,
        template=template,
        runtime=runtime,
        tenant=tenant,
        region=region,
        plan=plan,
        parameters=params,
        account=account,
        domains=domains,
    )
    file = write_tenant(project, request, _asker(session))
    if not no_stack:
        try:
            ensure_stack(project, instance, session.screen.progress)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
    step = f"tenantry new stack {instance}" if no_stack else f"tenantry up {instance}"

    def show() -> None:
        session.screen.line(f"Wrote {file}")
        session.screen.line()
        session.screen.line("Next:")
        session.screen.line(f"  {step}")

    session.screen.result({"instance": instance, "file": str(file), "stack": not no_stack, "next": step}, show)


@examples("tenantry new stack acme")
@new.command()
@instance_argument
@pass_session
def stack(session: Session, instance: str) -> None:
    """Make the passphrase file and the stack of a tenant file that is there already.

    For a file written by hand or taken from version control; what exists stays as it is.
    """
    from tenantry_ops.loading import load
    from tenantry_ops.stacks import ensure_stack

    project = session.project()
    load(project, instance)
    made = ensure_stack(project, instance, session.screen.progress)
    text = f"Made the stack {instance}" if made else f"The stack {instance} exists already"
    session.screen.result({"instance": instance, "made": made}, lambda: session.screen.line(text))


def _asker(session: Session) -> Callable[[str], str] | None:
    if not (session.screen.talks and sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return lambda label: str(click.prompt(label, err=True))
