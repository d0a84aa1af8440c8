"""`tenantry env`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.arguments import instance_argument
from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry_ops.cli.session import Session


def assignments(variables: Mapping[str, str], shell: str) -> list[str]:
    """One line per variable that sets and exports it in a shell: `bash` (and zsh, sh), `fish` or `powershell`."""
    lines = []
    for name, value in sorted(variables.items()):
        if shell == "fish":
            escaped = value.replace("\\", "\\\\").replace("'", "\\'")
            lines.append(f"set -gx {name} '{escaped}';")
        elif shell == "powershell":
            doubled = value.replace("'", "''")
            lines.append(f"$env:{name} = '{doubled}'")
        else:
            lines.append(f"export {name}={shlex.quote(value)}")
    return lines


@examples(
    'eval "$(tenantry env acme)"; pulumi up --stack acme',
    "tenantry env acme --shell fish | source",
    "tenantry env acme --json",
)
@click.command(cls=CommandWithGlobals)
@instance_argument
@click.option(
    "--shell",
    type=click.Choice(["bash", "fish", "powershell"]),
    default="bash",
    show_default=True,
    help="The shell that reads the output; bash also suits zsh and sh.",
)
@pass_session
def env(session: Session, instance: str, shell: str) -> None:
    """Print the environment in which plain `pulumi` works on an instance.

    Names and paths only, never a secret value. With --json an object of names and values.
    """
    from tenantry_ops.environment import environment

    variables = environment(session.instance_project(instance), instance)

    def show() -> None:
        for line in assignments(variables, shell):
            session.screen.line(line)

    session.screen.result(dict(variables), show)
