"""Command classes of the house: every command takes the global options and teaches with examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from tenantry_ops.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

CommandT = TypeVar("CommandT", bound=click.Command)


def _session(ctx: click.Context) -> Session:
    return ctx.ensure_object(Session)


def _set_json(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's callback
    if value:
        _session(ctx).screen.as_json = True


def _set_events(ctx: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        _session(ctx).screen.write_events(value)


def _set_quiet(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's callback
    if value:
        _session(ctx).screen.quiet = True


def _set_project(ctx: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        _session(ctx).folder = value


def _set_mode(ctx: click.Context, _: click.Parameter, value: Literal["sandbox", "live"] | None) -> None:
    if value is not None:
        _session(ctx).set_mode(value)


def _global(*names: str, callback: Callable[[click.Context, Any, Any], None], **attributes: Any) -> click.Option:  # noqa: ANN401 - passed on to click
    return click.Option(names, callback=callback, expose_value=False, **attributes)


GLOBAL_OPTIONS = (
    _global(
        "--json",
        is_flag=True,
        callback=_set_json,
        help="One JSON document on stdout, an error included; progress as JSON lines on stderr.",
    ),
    _global(
        "--json-events",
        type=click.Path(dir_okay=False, writable=True, path_type=Path),
        metavar="FILE",
        callback=_set_events,
        help="Append progress as JSON lines to FILE.",
    ),
    _global("--quiet", "-q", is_flag=True, callback=_set_quiet, help="Results and errors only, no progress."),
    _global(
        "--project",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        callback=_set_project,
        help="The project's folder; else the one at or above the current folder.",
    ),
    _global(
        "--mode",
        type=click.Choice(["sandbox", "live"]),
        callback=_set_mode,
        help="Local stand-ins or real accounts; else as tenantry.yaml says.",
    ),
)
"""Taken by every command, before or after its name."""


class _Globals(click.Command):
    examples: tuple[str, ...] = ()

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own parameters, then the global options."""
        return [*super().get_params(ctx), *GLOBAL_OPTIONS]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples."""
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")

    def write_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the command's own options, then the global ones."""
        rows = {"Options": list[tuple[str, str]](), "Global options": list[tuple[str, str]]()}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                rows["Global options" if param in GLOBAL_OPTIONS else "Options"].append(record)
        for title, records in rows.items():
            with formatter.section(title):
                formatter.write_dl(records)


class CommandWithGlobals(_Globals):
    """A command of Tenantry."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options in two sections."""
        self.write_options(ctx, formatter)


class GroupWithGlobals(_Globals, click.Group):
    """A group of commands of Tenantry; suggests a name for a near miss."""

    command_class = CommandWithGlobals

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the commands, then the options in two sections."""
        self.format_commands(ctx, formatter)
        self.write_options(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command. Raises UsageError that names the nearest one."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(name, self.list_commands(ctx), n=1)
            suggestion = f"Did you mean '{near[0]}'?" if near else f"See '{ctx.command_path} --help'."
            ctx.fail(f"There is no command '{name}'. {suggestion}")
        return super().resolve_command(ctx, args)


def examples(*lines: str) -> Callable[[CommandT], CommandT]:
    """Gives a command the examples that its help page shows."""

    def give(command: CommandT) -> CommandT:
        if not isinstance(command, CommandWithGlobals | GroupWithGlobals):
            raise TypeError(command.name)
        command.examples = lines
        return command

    return give


def _show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's callback
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        number = version("tenantry")
        screen = _session(ctx).screen
        screen.result({"version": number}, lambda: screen.line(f"tenantry {number}"))
        ctx.exit()


version_option = click.option(
    "--version", is_flag=True, expose_value=False, callback=_show_version, help="Show the version and exit."
)
"""`--version` of the root."""

pass_session = click.make_pass_decorator(Session, ensure=True)
"""Gives a command the session as its first argument."""
