"""The command reference of the documentation, made from the help pages: `python -m tenantry_ops.cli.reference`."""

from __future__ import annotations

from inspect import cleandoc
from typing import TYPE_CHECKING

import click

from tenantry.errors import TenantryError
from tenantry_ops.cli.app import tenantry
from tenantry_ops.cli.base import GLOBAL_OPTIONS, CommandWithGlobals, GroupWithGlobals

if TYPE_CHECKING:
    from collections.abc import Iterator

INTRODUCTION = """\
# Command line

<!-- Made by `python -m tenantry_ops.cli.reference > docs/en/cli.md`; a test keeps it equal to the help pages. -->

`tenantry --help` lists the commands, `tenantry COMMAND --help` explains one. Results go to stdout, progress and
messages to stderr. Nothing ever ends in a traceback: an unexpected error is one line and the path of a log without
secrets.

## Global options

Every command takes them, before or after its name.
"""

EXIT_CODES = """\
## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | something unexpected happened; the message names a log |
| 2 | wrong usage |
"""


def commands(group: GroupWithGlobals, *path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group with its full name, depth first, in the order of the help pages."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        yield " ".join((*path, name)), command
        if isinstance(command, GroupWithGlobals):
            yield from commands(command, *path, name)


def reference() -> str:
    """The whole page as Markdown."""
    blocks = [INTRODUCTION, *_options(list(GLOBAL_OPTIONS), click.Context(tenantry)), exit_codes()]
    for name, command in commands(tenantry, "tenantry"):
        blocks += _command(name, command)
    return "\n".join(blocks).rstrip() + "\n"


def exit_codes() -> str:
    """The table of exit codes, from the error tree."""
    kinds = sorted(_below(TenantryError), key=lambda kind: kind.exit_code)
    rows = [f"| {kind.exit_code} | {kind.__name__}: {(kind.__doc__ or '').splitlines()[0]} |" for kind in kinds]
    return EXIT_CODES + "\n".join(
        [*rows, "| 130 | stopped with Ctrl-C |", "| 141 | nobody read the output any more |", ""]
    )


def _below(kind: type[TenantryError]) -> Iterator[type[TenantryError]]:
    for below in kind.__subclasses__():
        yield below
        yield from _below(below)


def _command(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"## {name}\n" if name.count(" ") == 1 else f"### {name}\n"
    yield f"```\n{name} {usage}\n```\n"
    yield f"{cleandoc(command.help or '')}\n"
    yield from _options([p for p in command.params if isinstance(p, click.Option)], context)
    examples = command.examples if isinstance(command, CommandWithGlobals | GroupWithGlobals) else ()
    if examples:
        yield "```sh\n{}\n```\n".format("\n".join(examples))


def _options(options: list[click.Option], context: click.Context) -> Iterator[str]:
    records = [record for option in options if (record := option.get_help_record(context))]
    if records:
        rows = "\n".join(f"| `{_cell(names)}` | {_cell(text)} |" for names, text in records)
        yield f"| option | meaning |\n|---|---|\n{rows}\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    click.echo(reference(), nl=False)
