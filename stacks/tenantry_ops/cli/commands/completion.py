"""`tenantry completion`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry_ops.cli.session import Session


@examples(
    "tenantry completion bash > ~/.local/share/bash-completion/completions/tenantry",
    "tenantry completion fish > ~/.config/fish/completions/tenantry.fish",
)
@click.command(cls=CommandWithGlobals)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@pass_session
def completion(session: Session, shell: str) -> None:
    """Print the completion script of a shell.

    Commands, options and the project's instances are completed. Store the script where the shell looks for it.
    """
    from click.shell_completion import get_completion_class

    from tenantry_ops.cli.app import COMPLETE_VARIABLE, tenantry

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click has no completion for {shell}")
    script = kind(tenantry, {}, "tenantry", COMPLETE_VARIABLE).source()
    session.screen.result({"shell": shell, "script": script}, lambda: session.screen.line(script))
