"""`tenantry outputs` and `tenantry open`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from tenantry.errors import EngineError
from tenantry_ops.cli.arguments import instance_argument
from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry_ops.cli.session import Session


@examples("tenantry outputs acme", "tenantry outputs acme --json --show-secrets")
@click.command(cls=CommandWithGlobals)
@instance_argument
@click.option("--show-secrets", is_flag=True, help="Show secret values instead of [secret].")
@pass_session
def outputs(session: Session, instance: str, *, show_secrets: bool) -> None:
    """Show what an instance gives back: URL, services, databases, buckets, the vendor's ids.

    From the state of its last deployment; the shape is the same on every runtime.
    """
    from tenantry_ops.engine import read_outputs

    found = read_outputs(session.instance_project(instance), instance, show_secrets=show_secrets)
    if not found:
        session.screen.note(f"{instance} is not deployed: tenantry up {instance}")
    session.screen.result(found, lambda: session.screen.table(("OUTPUT", "VALUE"), list(flat(found))))


def flat(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested outputs as dotted names and texts; empty ones are left out."""
    for name, value in values.items():
        if name == "left_out" and isinstance(value, list):
            yield from ((f"{name} {item['what']}", str(item["reason"])) for item in value)
        elif isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        elif isinstance(value, str):
            yield f"{prefix}{name}", value
        elif value not in (None, []):
            yield f"{prefix}{name}", json.dumps(value, ensure_ascii=False)


@examples("tenantry open acme", "curl $(tenantry open acme --print)/api/about")
@click.command("open", cls=CommandWithGlobals)
@instance_argument
@click.option("--print", "only_print", is_flag=True, help="Print the URL instead.")
@pass_session
def open_(session: Session, instance: str, *, only_print: bool) -> None:
    """Open a deployed instance in the browser.

    Where no browser can be started, the URL is printed.
    """
    from tenantry_ops.engine import read_outputs

    url = read_outputs(session.instance_project(instance), instance, show_secrets=False).get("url")
    if not isinstance(url, str):
        raise EngineError(f"{instance!r} is not deployed.", hint=f"Deploy it: tenantry up {instance}")
    opened = not only_print and not session.screen.as_json and _browse(url)
    if opened:
        session.screen.note(f"Opened {url}")
    else:
        session.screen.result({"url": url}, lambda: session.screen.line(url))


def _browse(url: str) -> bool:
    import webbrowser

    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False
