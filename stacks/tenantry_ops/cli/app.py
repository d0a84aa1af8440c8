"""The root of the command line: the table of commands, and the way from an exception to an exit code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from tenantry_ops.cli.base import GroupWithGlobals, version_option
from tenantry_ops.cli.commands import SECTIONS, find
from tenantry_ops.cli.failure import guard
from tenantry_ops.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

COMPLETE_VARIABLE = "_TENANTRY_COMPLETE"


class Root(GroupWithGlobals):
    """The group of all commands; a command's module is imported when the command is looked up."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help page."""
        del ctx
        return [entry.name for section in SECTIONS for entry in section.entries]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the command."""
        del ctx
        entry = find(cmd_name)
        return entry.load() if entry else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the commands in sections, from the table alone."""
        del ctx
        width = max(len(entry.name) for section in SECTIONS for entry in section.entries)
        for section in SECTIONS:
            with formatter.section(section.title):
                formatter.write_dl([(entry.name.ljust(width), entry.summary) for entry in section.entries])

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> Any:  # noqa: ANN401 - click's signature
        """Runs the command line; leaves by SystemExit, as click's own does. Used by click's test runner."""
        raise SystemExit(run(args or ()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Names of commands with their summaries, without importing any."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(entry.name, help=entry.summary)
            for section in SECTIONS
            for entry in section.entries
            if entry.name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


HELP_OPTIONS: Final = ["-h", "--help"]


@click.group(cls=Root, invoke_without_command=True, context_settings={"help_option_names": HELP_OPTIONS})
@version_option
@click.pass_context
def tenantry(ctx: click.Context) -> None:
    """One template, every tenant its own stack, at any vendor.

    `tenantry init` makes a project, `tenantry new tenant` adds an instance to it, `tenantry up` deploys it. On a
    newcomer's machine everything runs in a local sandbox.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


tenantry.examples = ("tenantry demo", "tenantry up acme", "tenantry validate --json")


def run(args: Sequence[str]) -> int:
    """Runs one command line.

    Args:
        args: what follows the program's name.

    Returns:
        The exit code: 0; 2 for wrong usage; 130 after Ctrl-C; an error's own, see `tenantry.errors`.
    """
    instruction = os.environ.get(COMPLETE_VARIABLE)
    if instruction:
        from click.shell_completion import shell_complete

        return shell_complete(tenantry, {}, "tenantry", COMPLETE_VARIABLE, instruction)
    session = Session.of(args)
    return guard(session, lambda: _invoke(args, session))


def _invoke(args: Sequence[str], session: Session) -> int:
    context = tenantry.make_context("tenantry", list(args), obj=session)
    if os.environ.get("NO_COLOR"):
        context.color = False
    with context:
        tenantry.invoke(context)
    return session.exit_code
