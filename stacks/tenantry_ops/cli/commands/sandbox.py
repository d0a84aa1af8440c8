"""`tenantry sandbox`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.base import GroupWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenantry_ops.cli.session import Session

NAME = click.argument("name", required=False, metavar="[NAME]")


@examples("tenantry sandbox up", "tenantry sandbox status --json", "tenantry sandbox logs kubernetes --follow")
@click.group(cls=GroupWithGlobals)
def sandbox() -> None:
    """Start, stop and inspect the local stand-ins of the vendors.

    They listen on loopback only and keep their state in .tenantry/sandbox. They are no security boundary: do not run
    templates from strangers in them.
    """


@examples("tenantry sandbox up", "tenantry sandbox up kubernetes")
@sandbox.command()
@NAME
@pass_session
def up(session: Session, name: str | None) -> None:
    """Start a sandbox, or all of them, and wait until they answer.

    What runs already stays as it is. State of an earlier run is kept.
    """
    from tenantry_ops import sandboxes

    project = session.project()
    names = sandboxes.chosen(name)
    for each in names:
        sandboxes.start(project, each, session.screen.progress)
    _show_status(session, names)


@examples("tenantry sandbox down")
@sandbox.command()
@NAME
@pass_session
def down(session: Session, name: str | None) -> None:
    """Stop the processes of a sandbox, or of all of them.

    The state stays: after `tenantry sandbox up` every instance is there again.
    """
    from tenantry import registry
    from tenantry_ops import sandboxes

    project = session.project()
    names = sandboxes.chosen(name)
    for each in names:
        folder = project.sandbox_folder(each)
        if folder.is_dir():
            registry.sandbox(each).down(folder, session.screen.progress)
    session.screen.result({"stopped": list(names)}, lambda: session.screen.line(f"Stopped: {', '.join(names)}"))


@examples("tenantry sandbox status", "tenantry sandbox status kubernetes --json")
@sandbox.command()
@NAME
@pass_session
def status(session: Session, name: str | None) -> None:
    """Show every process of a sandbox, or of all of them.

    With --json a list of objects: sandbox, name, state, pid, address, detail.
    """
    from tenantry_ops import sandboxes

    session.project()
    _show_status(session, sandboxes.chosen(name))


@examples("tenantry sandbox logs kubernetes", "tenantry sandbox logs kubernetes --service gateway --follow")
@sandbox.command()
@NAME
@click.option("--service", help="Only this process; `tenantry sandbox status` lists the names.")
@click.option("--follow", "-f", is_flag=True, help="Go on until Ctrl-C.")
@click.option("--tail", type=click.IntRange(min=0), default=100, show_default=True, help="Lines of each process.")
@pass_session
def logs(session: Session, name: str | None, service: str | None, *, follow: bool, tail: int) -> None:
    """Show what the processes of a sandbox print.

    With --json a list of objects: service, line; with --follow one object per line.
    """
    from tenantry import registry
    from tenantry.errors import SandboxError
    from tenantry_ops import sandboxes
    from tenantry_ops.cli.stream import show_lines

    project = session.project()
    names = sandboxes.chosen(name)
    if follow and len(names) > 1:
        raise click.UsageError(f"Name the sandbox to follow: {', '.join(names)}.")

    def lines() -> Iterator[tuple[str, str]]:
        for each in names:
            folder = project.sandbox_folder(each)
            if not folder.is_dir():
                hint = f"Start it: tenantry sandbox up {each}"
                raise SandboxError(f"The sandbox {each!r} was never started.", hint=hint)
            yield from registry.sandbox(each).logs(folder, service, follow=follow, tail=tail)

    show_lines(session.screen, lines(), field="service", follow=follow)


def _show_status(session: Session, names: Sequence[str]) -> None:
    from tenantry import registry

    project = session.project()
    found = [
        (each, service) for each in names for service in registry.sandbox(each).status(project.sandbox_folder(each))
    ]
    document = [
        {
            "sandbox": each,
            "name": service.name,
            "state": service.state,
            "pid": service.pid,
            "address": service.address,
            "detail": service.detail,
        }
        for each, service in found
    ]
    session.screen.result(
        document,
        lambda: session.screen.table(
            ("SANDBOX", "PROCESS", "STATE", "PID", "ADDRESS", "DETAIL"),
            [(each, s.name, s.state, str(s.pid or ""), s.address, s.detail) for each, s in found],
        ),
    )
