"""`tenantry new`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.arguments import instance_argument
from tenantry_ops.cli.base import GroupWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry_ops.cli.session import Session
    from tenantry_ops.new_tenant import Request
    from tenantry_ops.project import Project


@examples("tenantry new tenant acme --template shop@stable --runtime kubernetes --plan free --param shop_name=Acme")
@click.group(cls=GroupWithGlobals)
def new() -> None:
    """Add an instance to the project.

    Its tenant file goes to tenant_configs/, its key to .tenantry/secrets, its stack to the state's backend.
    """


@examples(
    "tenantry new tenant",
    "tenantry new tenant acme --template shop@stable --runtime kubernetes --plan free --param shop_name=Acme",
    "tenantry new tenant acme-eu --tenant acme --template shop@1.1.0 --runtime kubernetes \\\n"
    "      --param shop_name=Acme --param theme=dark --domain shop.acme.example --account context=prod",
)
@new.command()
@click.argument("instance", metavar="ID", required=False)
@click.option("--template", metavar="NAME@VERSION", help="A version or a channel: shop@1.1.0, shop@stable.")
@click.option("--runtime", metavar="NAME", help="Where the backend runs; see `tenantry runtimes`.")
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
    instance: str | None,
    template: str | None,
    runtime: str | None,
    tenant: str | None,
    region: str | None,
    plan: str | None,
    params: tuple[str, ...],
    account: tuple[str, ...],
    domains: tuple[str, ...],
    no_stack: bool,
) -> None:
    """Write a tenant file, make its passphrase file and its stack.

    On a terminal it asks for what the options leave open, in English or Chinese as the locale says. The file lists the
    template's other parameters with their defaults. Nothing is left behind where something is wrong.
    """
    from tenantry_ops.new_tenant import Request, write_tenant
    from tenantry_ops.stacks import ensure_stack

    project = session.project()
    request = Request(
        instance=instance or "",
        template=template or "",
        runtime=runtime or "",
        tenant=tenant,
        region=region,
        plan=plan,
        parameters=params,
        account=account,
        domains=domains,
    )
    if _incomplete(project, request):
        request = _completed(session, project, request)
    instance = request.instance
    file = write_tenant(project, request)
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


def _incomplete(project: Project, request: Request) -> bool:
    """Whether something is left open that a tenant needs."""
    if not (request.instance and request.template and request.runtime):
        return True
    template = project.catalogue.open(request.template).template
    given = {text.partition("=")[0] for text in request.parameters}
    needed = {name for name, parameter in template.parameters.items() if parameter.required}
    return bool(needed - given) or (request.plan is None and len(template.plans) > 1)


def _completed(session: Session, project: Project, request: Request) -> Request:
    """Asks a person for the rest. Raises UsageError where nobody can answer and the command itself lacks a part."""
    missing = [
        name
        for name, value in (
            ("ID", request.instance),
            ("--template", request.template),
            ("--runtime", request.runtime),
        )
        if not value
    ]
    if not (session.screen.talks and sys.stdin.isatty() and sys.stderr.isatty()):
        if missing:
            raise click.UsageError(f"Missing {', '.join(missing)}.", click.get_current_context())
        return request
    from tenantry_ops.cli.language import language
    from tenantry_ops.cli.wizard.questions import Questions, command_of
    from tenantry_ops.cli.wizard.words import word

    def ask(label: str, default: str | None) -> str:
        return str(click.prompt(label, default=default, show_default=bool(default), err=True))

    spoken = language()
    completed = Questions(ask, session.screen.note, spoken).complete(project, request)
    session.screen.note(f"{word('same', spoken)}\n  {command_of(completed)}")
    return completed
