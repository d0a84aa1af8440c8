"""`tenantry demo`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry_ops.cli.session import Session
    from tenantry_ops.demo import Outcome


@examples("tenantry demo", "tenantry demo --json")
@click.command(cls=CommandWithGlobals)
@pass_session
def demo(session: Session) -> None:
    """Deploy every instance of the project in the sandbox and ask each over HTTP.

    Places an order in each shop, upgrades the instance whose label `demo` is `upgrade` and rolls it back. Installs and
    starts what is missing, ends with a table, writes .tenantry/demo.json and leaves the sandbox running.
    """
    from tenantry_ops.demo import run_demo

    outcomes = run_demo(session.project(), session.screen.progress)
    document = [
        (asdict(each.reply) if each.reply else {"instance": each.instance})
        | {"order": each.order, "turns": [asdict(turn) for turn in each.turns]}
        | {"seconds": round(each.seconds, 1), "error": each.error and each.error.to_json()}
        for each in outcomes
    ]
    session.screen.result(document, lambda: _show(session, outcomes))
    failed = [each for each in outcomes if each.error]
    if failed:
        session.exit_code = failed[0].error.exit_code if failed[0].error else 1


def _show(session: Session, outcomes: Sequence[Outcome]) -> None:
    screen = session.screen
    screen.line()
    screen.table(
        ("INSTANCE", "RUNTIME", "TEMPLATE", "ANSWERED VERSION", "URL", "STATUS", "ORDER", "SECONDS"),
        [
            (
                *(
                    (r.instance, r.runtime, r.template, r.answered_version or "-", r.url, str(r.status))
                    if (r := each.reply)
                    else (each.instance, "", "", "", "", "failed")
                ),
                each.order or "-",
                f"{each.seconds:.1f}",
            )
            for each in outcomes
        ],
    )
    turns = [turn for each in outcomes for turn in each.turns]
    if turns:
        screen.line()
        screen.table(
            ("INSTANCE", "FROM", "TO", "SECONDS"),
            [(turn.instance, turn.before, turn.after, f"{turn.seconds:.1f}") for turn in turns],
        )
    for each in outcomes:
        if each.error:
            screen.line()
            screen.line(f"{each.instance}: {each.error}", fg="red")
    screen.line()
    screen.line("Written to .tenantry/demo.json. The sandbox goes on running: stop it with `tenantry sandbox down`.")
