"""`tenantry preview`, `up`, `refresh` and `destroy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from tenantry_ops.cli.arguments import instance_argument
from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry_ops.cli.session import Session
    from tenantry_ops.engine import EngineResult

Operation = Literal["preview", "up", "refresh", "destroy"]


@examples("tenantry preview acme", "tenantry preview acme --json")
@click.command(cls=CommandWithGlobals)
@instance_argument
@pass_session
def preview(session: Session, instance: str) -> None:
    """Show what a deployment would change, and change nothing.

    With --json an object: instance, operation, changes (operation -> number of resources), outputs, seconds.
    """
    _run(session, instance, "preview")


@examples("tenantry up acme", "tenantry up acme --quiet", "tenantry up acme --json-events events.jsonl")
@click.command(cls=CommandWithGlobals)
@instance_argument
@pass_session
def up(session: Session, instance: str) -> None:
    """Deploy an instance, or bring it up to date with its tenant file.

    A run that was killed is repaired first. Repeating it changes nothing. With --quiet only the URL is printed.
    """
    _run(session, instance, "up")


@examples("tenantry refresh acme", "tenantry refresh acme --json")
@click.command(cls=CommandWithGlobals)
@instance_argument
@pass_session
def refresh(session: Session, instance: str) -> None:
    """Compare an instance's state with what really stands, and correct the state.

    Nothing at the vendor is changed; the next `tenantry up` puts right what differs from the tenant file.
    """
    _run(session, instance, "refresh")


@examples("tenantry destroy acme", "tenantry destroy acme --yes")
@click.command(cls=CommandWithGlobals)
@instance_argument
@click.option("--yes", "-y", is_flag=True, help="Do not ask for the instance's name.")
@pass_session
def destroy(session: Session, instance: str, *, yes: bool) -> None:
    """Remove everything that an instance owns; asks for its name first.

    The tenant file, the key and the empty stack stay: `tenantry up` deploys it again. Where there is data, nothing is
    removed: `tenantry retire` ends an instance that has any.
    """
    from tenantry_ops import sandboxes

    sandboxes.require(session.instance_project(instance), instance)
    if not yes:
        confirm(session, instance)
    _run(session, instance, "destroy")


def confirm(session: Session, instance: str) -> None:
    """Asks a person to type the instance's name. Raises ClickException where nobody can, or for another name."""
    import sys

    if session.screen.as_json or not sys.stdin.isatty():
        raise click.UsageError(f"Destroying asks for the instance's name: add --yes to destroy {instance} unasked.")
    typed = click.prompt(f"This removes everything that {instance} owns. Type its name to go on", err=True)
    if typed != instance:
        raise click.ClickException(f"{typed!r} is not {instance!r}: nothing was changed.")


def _run(session: Session, instance: str, operation: Operation) -> None:
    from tenantry_ops import engine, sandboxes
    from tenantry_ops.cli.progress import Progress

    project = session.instance_project(instance)
    sandboxes.require(project, instance)
    with Progress(session.screen, instance, preview=operation == "preview") as progress:
        result = engine.run(project, instance, operation, progress)
    session.screen.result(document(instance, result), lambda: show_result(session, instance, result))


def document(instance: str, result: EngineResult) -> dict[str, object]:
    """The result as a JSON object; outputs hold no secret value."""
    return {
        "instance": instance,
        "operation": result.operation,
        "changes": result.changes,
        "outputs": result.outputs,
        "seconds": round(result.seconds, 1),
    }


_DONE = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "same": "unchanged",
    "refresh": "refreshed",
    "create-replacement": "created anew",
    "delete-replaced": "deleted after replacement",
}


def summary(operation: Operation, changes: dict[str, int]) -> str:
    """What changed as a sentence: `2 created, 14 unchanged`; `2 to create` in a preview. Mere reads are not told."""
    words = []
    for name, count in changes.items():
        if count and name not in ("read", "discard"):
            planned = operation == "preview" and name != "same"
            words.append(f"{count} to {name}" if planned else f"{count} {_DONE.get(name, name)}")
    return ", ".join(words) or "nothing to do"


def show_result(session: Session, instance: str, result: EngineResult) -> None:
    """What a person sees of a finished operation."""
    screen = session.screen
    url = result.outputs.get("url")
    if screen.quiet:
        if result.operation == "up" and url:
            screen.line(str(url))
        return
    screen.line(f"{instance}: {summary(result.operation, result.changes)} ({result.seconds:.1f} s)")
    if result.operation == "up" and url:
        screen.line(f"{url}", bold=True)
        for item in result.outputs.get("left_out") or ():
            screen.line(
                f"left out: {item['what']}: {item['reason']}" if isinstance(item, dict) else f"left out: {item}"
            )
