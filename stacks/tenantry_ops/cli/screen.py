"""What a command prints: results on stdout, everything else on stderr, each in a form for people or for programs."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

WIDE = 1_000
"""Columns of a table that is not shown on a terminal: nothing is wrapped or cut for a program that reads it."""


class Screen:
    """Results on stdout, everything else on stderr.

    Args:
        as_json: one JSON document on stdout; progress as JSON lines on stderr.
        quiet: no progress and no notes.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._events: Path | None = None

    def write_events(self, file: Path) -> None:
        """Lets progress be appended to a file as JSON lines."""
        file.touch()
        self._events = file

    @property
    def talks(self) -> bool:
        """Whether notes and progress are shown to a person."""
        return not (self.as_json or self.quiet)

    def result(self, document: object, show: Callable[[], None]) -> None:
        """Prints what the command was asked for: the document as JSON, or what `show` prints."""
        if self.as_json:
            click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        else:
            show()

    def line(self, text: str = "", **style: Any) -> None:  # noqa: ANN401 - click's styles
        """Prints a line of a result for a person."""
        click.secho(text, color=colour(sys.stdout), **style)

    def note(self, text: str, **style: Any) -> None:  # noqa: ANN401 - click's styles
        """Says what happens, on stderr; silent with --quiet and --json."""
        if self.talks:
            click.secho(text, err=True, color=colour(sys.stderr), **style)

    def warn(self, text: str) -> None:
        """Says what a person should know even with --quiet; with --json it is an event."""
        if self.as_json:
            self.event("warning", message=text)
        else:
            click.secho(f"warning: {text}", err=True, color=colour(sys.stderr), fg="yellow")

    def progress(self, text: str) -> None:
        """One step of a long piece of work."""
        self.event("progress", message=text)
        self.note(f"• {text}")

    def event(self, kind: str, **fields: object) -> None:
        """One step for a program that watches: a JSON object with `event` and its fields."""
        if not (self.as_json or self._events):
            return
        text = json.dumps({"event": kind, **fields}, ensure_ascii=False, default=str)
        if self._events:
            with self._events.open("a", encoding="utf-8") as file:
                file.write(text + "\n")
        elif not self.quiet:
            click.echo(text, err=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
        """Prints a table on stdout; on a terminal it is folded to its width, else nothing is cut."""
        from rich.table import Table
        from rich.text import Text

        table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(column, overflow="fold", header_style="bold")
        for row in rows:
            table.add_row(*(Text(cell, style=_tone(cell)) for cell in row))
        console(sys.stdout).print(table)


_TONES: Mapping[str, str] = {
    "ok": "green",
    "running": "green",
    "yes": "green",
    "warn": "yellow",
    "approximate": "yellow",
    "stopped": "yellow",
    "fail": "red",
    "failed": "red",
    "no": "dim",
}


def _tone(cell: str) -> str:
    return _TONES.get(cell, "")


def colour(stream: TextIO) -> bool:
    """Whether a stream may get colours: a terminal, and NO_COLOR is not set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def console(stream: TextIO) -> Console:
    """A rich console on a stream that never wraps or cuts what a program may read."""
    from rich.console import Console

    return Console(
        file=stream,
        width=None if stream.isatty() else WIDE,
        no_color=not colour(stream),
        highlight=False,
        markup=False,
        emoji=False,
    )
