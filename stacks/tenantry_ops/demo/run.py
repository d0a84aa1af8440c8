"""The main job on the embedded default: every instance of the project deployed in the sandbox and asked over HTTP."""

from __future__ import annotations

import dataclasses
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import httpx

from tenantry.errors import EngineError, PreflightError, TenantryError
from tenantry_ops.demo.orders import SHOP, place_order
from tenantry_ops.demo.reply import Reply, ask
from tenantry_ops.demo.turning import Turn, turning_instance, upgrade_and_back

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tenantry_ops.project import Project

AT_ONCE: Final = 2
"""Deployments that run side by side: an engine keeps about one core busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One instance of the demo: its reply, or why there is none.

    `seconds` from the start of its `up` to the reply; `order` is the id of the order that was placed, empty where the
    application takes none; `turns` are the changes of version that it went through.
    """

    instance: str
    seconds: float
    reply: Reply | None = None
    order: str = ""
    turns: tuple[Turn, ...] = ()
    error: TenantryError | None = None


def deploy(project: Project, instance: str, progress: Callable[[str], None]) -> tuple[Reply, str]:
    """Brings one instance up, asks it, and orders something; its reply and the order. Raises TenantryError."""
    from tenantry_ops import engine
    from tenantry_ops.loading import load
    from tenantry_ops.stacks import ensure_stack

    plan = load(project, instance).plan
    ensure_stack(project, instance, progress)
    result = engine.run(project, instance, "up", lambda _: None)
    url = result.outputs.get("url")
    if not isinstance(url, str):
        raise EngineError(f"{instance} was deployed but has no URL.", hint=f"Run: tenantry up {instance}")
    # The sandbox's addresses are on loopback: a proxy of the environment must not be asked for them.
    with httpx.Client(timeout=10, follow_redirects=True, trust_env=False) as client:
        reply = ask(client, plan, url)
        return reply, place_order(client, instance, url) if plan.template.name == SHOP else ""


def run_demo(project: Project, progress: Callable[[str], None]) -> list[Outcome]:
    """Deploys every instance of the project in its sandbox, asks each, orders, upgrades one and rolls it back.

    Writes `.tenantry/demo.json`. Doing it twice changes nothing but orders. The sandboxes stay up.

    Args:
        project: the project whose instances are deployed.
        progress: is called with one line per step, from several threads.

    Returns:
        One outcome per instance, in the order of their ids.

    Raises:
        PreflightError: the project has no instance, or runs in live mode.
        TenantryError: the engine or a sandbox could not be started, or a tenant file is wrong.
    """
    from tenantry_ops import sandboxes
    from tenantry_ops.loading import load
    from tenantry_toolchain import engine as toolchain

    instances = sorted(project.instances())
    if not instances:
        raise PreflightError(
            "The project has no instance to show.",
            hint="Add one: tenantry new tenant acme --template shop@stable --runtime kubernetes",
        )
    if project.mode != "sandbox":
        raise PreflightError(
            "The demo runs in the sandbox only.",
            hint="Run it with --mode sandbox, or set `mode: sandbox` in tenantry.yaml.",
        )
    toolchain.ensure(progress)
    for runtime in sorted({load(project, instance).tenant.runtime.on for instance in instances}):
        sandboxes.start(project, runtime, progress)

    def one(instance: str) -> Outcome:
        began = time.monotonic()
        progress(f"{instance}: deploying")
        try:
            reply, order = deploy(project, instance, progress)
        except TenantryError as error:
            progress(f"{instance}: failed")
            return Outcome(instance=instance, seconds=time.monotonic() - began, error=error)
        seconds = time.monotonic() - began
        ordered = f", took the order {order}" if order else ""
        progress(f"{instance}: {reply.url} answered {reply.status} after {seconds:.1f} s{ordered}")
        return Outcome(instance=instance, seconds=seconds, reply=reply, order=order)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            outcomes = list(pool.map(one, instances))
        except KeyboardInterrupt:
            progress("stopping as soon as what has begun is done")
            raise
    outcomes = [_turned(project, outcome, progress) for outcome in outcomes]
    write_report(project.root / ".tenantry" / "demo.json", outcomes)
    return outcomes


def _turned(project: Project, outcome: Outcome, progress: Callable[[str], None]) -> Outcome:
    """The outcome after the upgrade and the rollback, where this instance is the one that shows them."""
    if outcome.reply is None or turning_instance(project, [outcome.instance]) is None:
        return outcome
    try:
        turns = upgrade_and_back(project, outcome.instance, outcome.reply.url, progress)
    except TenantryError as error:
        return dataclasses.replace(outcome, error=error)
    return dataclasses.replace(outcome, turns=tuple(turns))


def write_report(file: Path, outcomes: Sequence[Outcome]) -> None:
    """Writes the replies as a JSON list of objects with the fields of `Reply`."""
    replies = [asdict(outcome.reply) for outcome in outcomes if outcome.reply]
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(".partial")
    aside.write_text(json.dumps(replies, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(file)
