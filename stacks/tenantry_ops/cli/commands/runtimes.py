"""`tenantry runtimes` and `tenantry permissions`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.arguments import instance_argument
from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry.spec.capabilities import Limit
    from tenantry_ops.cli.session import Session


@examples("tenantry runtimes", "tenantry runtimes --json")
@click.command(cls=CommandWithGlobals)
@pass_session
def runtimes(session: Session) -> None:
    """List the installed runtimes and what each can do.

    With --json an object by runtime: package, version, features, limits, each with where the knowledge comes from.
    """
    from tenantry import registry
    from tenantry.spec.capabilities import FEATURES, LIMITS

    names = registry.runtimes()
    found = {name: registry.runtime(name).capabilities() for name in names}
    packages = {name: registry.distribution(registry.RUNTIMES, name) for name in names}
    document = {
        name: {"package": packages[name][0], "version": packages[name][1]} | asdict(found[name]) for name in names
    }

    def show() -> None:
        screen = session.screen
        heads = [f"{name} ({' '.join(packages[name])})" for name in names]
        rows = []
        notes = []
        for feature in sorted(FEATURES):
            cells = []
            for name in names:
                known = found[name].features.get(feature)
                cells.append(known.support if known else "no")
                if known and known.note:
                    notes.append((feature, name, known.note))
            rows.append((feature, *cells))
        rows += [
            (limit, *(limits_text(limit, found[name].limits.get(limit)) for name in names)) for limit in sorted(LIMITS)
        ]
        rows.append(("source runtimes", *(", ".join(found[name].source_runtimes) for name in names)))
        screen.table(("CAPABILITY", *heads), rows)
        if notes:
            screen.line()
            screen.table(("CAPABILITY", "RUNTIME", "NOTE"), notes)

    session.screen.result(document, show)


def limits_text(name: str, limit: Limit | None) -> str:
    """A limit for people: `at most 16`, `10 to 4000 m`, `at least 32 MiB`; `-` where there is none."""
    low, high = (limit.minimum, limit.maximum) if limit else (None, None)
    if low is None and high is None:
        return "-"
    if high is None:
        return f"at least {_quantity(name, low)}"
    return f"at most {_quantity(name, high)}" if low is None else f"{_quantity(name, low)} to {_quantity(name, high)}"


def _quantity(name: str, value: float | None) -> str:
    if value is None:
        return ""
    if name.endswith("_bytes"):
        return f"{value / 2**20:,.15g} MiB"
    unit = " m" if name.endswith("_millis") else " s" if name.endswith("_seconds") else ""
    return f"{value:,.15g}{unit}"


@examples("tenantry permissions acme", "tenantry permissions acme --json")
@click.command(cls=CommandWithGlobals)
@instance_argument
@pass_session
def permissions(session: Session, instance: str) -> None:
    """List the least that the deploying credentials must be allowed to do for an instance.

    In the vendor's own words; `*` as component means the whole instance.
    """
    from tenantry import registry
    from tenantry_ops.loading import load

    plan = load(session.project(), instance).plan
    needed = registry.runtime(plan.runtime.on).permissions(plan)
    session.screen.result(
        [asdict(permission) for permission in needed],
        lambda: session.screen.table(
            ("COMPONENT", "ACTION", "RESOURCE"), [(p.component, p.action, p.resource) for p in needed]
        ),
    )
