"""The way from an exception to what the user sees and the exit code. Nobody ever sees a traceback."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import click

from tenantry.errors import SpecError, TenantryError
from tenantry_ops.cli.screen import colour

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry_ops.cli.session import Session

USAGE = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


def guard(session: Session, work: Callable[[], int]) -> int:
    """Runs the work; every exception becomes a message with what to do next, and an exit code."""
    try:
        code = work()
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon_stdout()
        code = BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - the last line: a person gets a message and a log, not a traceback
        code = _report(session, error)
    except KeyboardInterrupt:
        code = _say(session, "Interrupted", INTERRUPTED, "stopped", "")
    return code


def _report(session: Session, error: Exception) -> int:
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.Abort():
            return _say(session, "Interrupted", INTERRUPTED, "stopped", "")
        case click.ClickException():
            return _usage(session, error)
        case TenantryError():
            return _known(session, error)
        case _:
            return _unexpected(session, error)


def _usage(session: Session, error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    hint = f"See '{context.command_path} --help'." if context else ""
    message = error.format_message()
    return _say(session, "UsageError", USAGE, message.replace(hint, "").strip() if hint else message, hint)


def _known(session: Session, error: TenantryError) -> int:
    if session.screen.as_json:
        click.echo(json.dumps(error.to_json(), indent=2, ensure_ascii=False))
        return error.exit_code
    message = error.message
    if isinstance(error, SpecError) and len(error.problems) > 1:
        message = f"{len(error.problems)} problems\n{message}"
    return _say(session, error.code, error.exit_code, message, error.hint)


def _unexpected(session: Session, error: Exception) -> int:
    from tenantry_ops.cli.crash import write_log

    if isinstance(error, OSError) and error.filename and error.strerror:
        message = f"{error.filename}: {error.strerror}"
    else:
        message = f"something unexpected happened ({type(error).__name__})"
    log = write_log(error, session.folder)
    hint = (
        f"Details are in {log}; please report them." if log else "Run it again with PYTHONFAULTHANDLER=1 and report it."
    )
    return _say(session, "UnexpectedError", 1, message, hint)


def _say(session: Session, code: str, exit_code: int, message: str, hint: str) -> int:
    if session.screen.as_json:
        document = {"error": code, "exit_code": exit_code, "message": message, "hint": hint}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return exit_code
    painted = colour(sys.stderr)
    message = message.replace("\n", "\n  ")
    click.echo(click.style("error: ", fg="red", bold=True) + message, err=True, color=painted)
    if hint:
        click.echo(click.style("what to do next: ", bold=True) + hint, err=True, color=painted)
    return exit_code


def _abandon_stdout() -> None:
    """Nobody reads any more: the interpreter's own flush at exit must not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
