"""Lines that come one after the other, for people with the name of their source, for programs as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenantry_ops.cli.screen import Screen


def show_lines(screen: Screen, lines: Iterable[tuple[str, str]], *, field: str, follow: bool) -> None:
    """Prints pairs of source and line.

    With --json a list of objects with `field` and `line`; while following one object per line, as they come.
    """
    if screen.as_json and not follow:
        screen.result([{field: source, "line": line} for source, line in lines], lambda: None)
        return
    for source, line in lines:
        if screen.as_json:
            click.echo(json.dumps({field: source, "line": line}, ensure_ascii=False))
        else:
            screen.line(f"{source} | {line}")
