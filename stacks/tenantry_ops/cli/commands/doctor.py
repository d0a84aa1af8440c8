"""`tenantry doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry_ops.cli.session import Session

NOT_READY = 5


@examples("tenantry doctor", "tenantry doctor --json")
@click.command(cls=CommandWithGlobals)
@pass_session
def doctor(session: Session) -> None:
    """Check this machine and, inside a project, the project: engine, sandbox, keys, stacks.

    Every finding that is not ok says what to do. Exit code 5 where something fails. Nothing is changed.
    """
    from tenantry_ops.doctor import project_checks
    from tenantry_toolchain.doctor import checks

    found = [*checks(), *project_checks(session.folder)]
    screen = session.screen

    def show() -> None:
        screen.table(("CHECK", "STATE", "DETAIL"), [(each.name, each.state, each.detail) for each in found])
        hints = [each for each in found if each.hint]
        if hints:
            screen.line()
            screen.line("What to do next:")
        for each in hints:
            screen.line(f"  {each.name}: {each.hint}")

    screen.result([each.to_json() for each in found], show)
    if any(each.state == "fail" for each in found):
        session.exit_code = NOT_READY
