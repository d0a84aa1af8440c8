"""The main job on the embedded default: every instance of the project deployed in the sandbox and asked over HTTP."""

from __future__ import annotations

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import httpx

from tenantry.errors import EngineError, PreflightError, SandboxError, TenantryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tenantry.spec.plan import InstancePlan
    from tenantry_ops.project import Project

AT_ONCE: Final = 2
"""Deployments that run side by side: an engine keeps about one core busy."""

PATIENCE: Final = 60.0
"""Seconds until a deployed instance must answer."""

_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a deployed instance answered: the GET of its URL, and the version that the application itself reports."""

    instance: str
    runtime: str
    template: str
    url: str
    status: int
    body_sha256: str
    answered_version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One instance of the demo: its reply, or why there is none. `seconds` from the start of its `up` to the reply."""

    instance: str
    seconds: float
    reply: Reply | None = None
    error: TenantryError | None = None


def ask(client: httpx.Client, plan: InstancePlan, url: str, *, patience: float = PATIENCE, pause: float = 0.2) -> Reply:
    """GETs the URL until it answers without a server error, then the version at `/api/about`.

    Args:
        client: asks.
        plan: of the instance.
        url: where it should answer.
        patience: seconds until it must have answered.
        pause: seconds between two questions.

    Raises:
        SandboxError: nothing answered in time, or only server errors did.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            answer = client.get(url)
        except httpx.HTTPError as error:
            last = str(error) or type(error).__name__
        else:
            if answer.status_code < _SERVER_ERROR:
                return Reply(
                    instance=plan.instance,
                    runtime=plan.runtime.on,
                    template=str(plan.template),
                    url=url,
                    status=answer.status_code,
                    body_sha256=hashlib.sha256(answer.content).hexdigest(),
                    answered_version=_version(client, url),
                )
            last = f"status {answer.status_code}"
        if time.monotonic() > deadline:
            raise SandboxError(
                f"{plan.instance}: {url} did not answer within {patience:.0f} s ({last}).",
                hint=f"Look at what it prints: tenantry logs {plan.instance}",
            )
        time.sleep(pause)


def _version(client: httpx.Client, url: str) -> str | None:
    """The version that the application reports of itself; None where it has no such address."""
    try:
        document = client.get(f"{url}/api/about").json()
    except (httpx.HTTPError, ValueError):
        return None
    version = document.get("version") if isinstance(document, dict) else None
    return version if isinstance(version, str) else None


def deploy(project: Project, instance: str, progress: Callable[[str], None]) -> Reply:
    """Brings one instance up and asks it. Raises TenantryError."""
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
        return ask(client, plan, url)


def run_demo(project: Project, progress: Callable[[str], None]) -> list[Outcome]:
    """Starts the sandboxes, deploys every instance of the project, asks each, and writes `.tenantry/demo.json`.

    Doing it twice changes nothing. The sandboxes stay up.

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
            reply = deploy(project, instance, progress)
        except TenantryError as error:
            progress(f"{instance}: failed")
            return Outcome(instance=instance, seconds=time.monotonic() - began, error=error)
        seconds = time.monotonic() - began
        progress(f"{instance}: {reply.url} answered {reply.status} after {seconds:.1f} s")
        return Outcome(instance=instance, seconds=seconds, reply=reply)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            outcomes = list(pool.map(one, instances))
        except KeyboardInterrupt:
            progress("stopping as soon as what has begun is done")
            raise
    write_report(project.root / ".tenantry" / "demo.json", outcomes)
    return outcomes


def write_report(file: Path, outcomes: Sequence[Outcome]) -> None:
    """Writes the replies as a JSON list of objects with the fields of `Reply`."""
    replies = [asdict(outcome.reply) for outcome in outcomes if outcome.reply]
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(".partial")
    aside.write_text(json.dumps(replies, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(file)
