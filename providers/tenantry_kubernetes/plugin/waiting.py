"""Waiting for objects to become ready, or to go."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.plugin.objects import name, namespace, pluck, text
from tenantry_kubernetes.plugin.readiness.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tenantry_kubernetes.client.aio import AsyncKubernetes
    from tenantry_kubernetes.client.kinds import Kind
    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.plugin.readiness.verdict import Rule

_PATIENCE: Final = 30.0
"""Seconds for which a server may be away before waiting for an object is given up."""


class NotReadyError(Exception):
    """The object exists but is not ready. `summary` is one line; `reasons` are what is missing; `live` is its state."""

    def __init__(self, summary: str, reasons: tuple[str, ...], live: Object) -> None:
        super().__init__(summary)
        self.summary = summary
        self.reasons = reasons
        self.live = live


class _View:
    """What is known of an object and of those related to it, kept up to date by watches."""

    def __init__(self, live: Object) -> None:
        self.live = live
        self.gone = False
        self.related: dict[str, dict[tuple[str, str], Object]] = {}
        self.unsynced = 0
        self.changed = asyncio.Event()

    async def follow_self(self, client: AsyncKubernetes, kind: Kind) -> None:
        self.unsynced += 1
        at = namespace(self.live) if kind.namespaced else None
        fields = f"metadata.name={name(self.live)}"
        seen = False
        async with aclosing(client.follow(kind, at, fields=fields, patience=_PATIENCE)) as events:
            async for event in events:
                if event.type == "SYNCED":
                    self.unsynced -= 1
                    self.gone = not seen
                else:
                    seen = event.type != "DELETED"
                    self.gone = not seen
                    if seen:
                        self.live = event.object
                self.changed.set()

    async def follow_related(self, client: AsyncKubernetes, kind: Kind, labels: str) -> None:
        self.unsynced += 1
        known = self.related.setdefault(kind.kind, {})
        at = namespace(self.live) if kind.namespaced else None
        async with aclosing(client.follow(kind, at, labels=labels, patience=_PATIENCE)) as events:
            async for event in events:
                if event.type == "SYNCED":
                    self.unsynced -= 1
                elif event.type == "DELETED":
                    known.pop((namespace(event.object), name(event.object)), None)
                else:
                    known[namespace(event.object), name(event.object)] = event.object
                self.changed.set()

    def judge(self, rule: Rule) -> Verdict:
        if self.gone:
            return Verdict(failed=True, reasons=("The object was deleted while it was being waited for",))
        if self.unsynced:
            return Verdict()
        return rule.judge(self.live, {kind: list(known.values()) for kind, known in self.related.items()})


async def until_ready(
    client: AsyncKubernetes,
    kind: Kind,
    live: Object,
    rule: Rule,
    *,
    seconds: float,
    cancelled: asyncio.Event,
    report: Callable[[str], Awaitable[None]],
) -> Object:
    """Waits until the rule is content; returns the object as last seen. Raises NotReadyError."""
    wanted = rule.related(live)
    # Many objects are ready at once: no watch is opened for them.
    if not wanted and rule.judge(live, {}).ready:
        return live
    view = _View(live)
    others = [(await client.resolve(each.api_version, each.kind), each.labels) for each in wanted]
    jobs = [view.follow_self(client, kind), *(view.follow_related(client, *other) for other in others)]
    latest = Verdict()

    async def watch() -> None:
        nonlocal latest
        while True:
            view.changed.clear()
            verdict = view.judge(rule)
            if verdict.ready or verdict.failed:
                latest = verdict
                return
            if verdict.reasons and verdict.reasons != latest.reasons:
                latest = verdict
                await report("; ".join(verdict.reasons))
            await view.changed.wait()

    why = await _race(watch(), jobs, seconds, cancelled)
    if latest.ready:
        return view.live
    summary = {
        "": f"'{name(live)}' cannot become ready",
        "timeout": f"'{name(live)}' timed out waiting to be Ready",
        "cancelled": f"Resource operation was cancelled for '{name(live)}'",
    }[why]
    raise NotReadyError(summary, latest.reasons, view.live)


async def until_gone(
    client: AsyncKubernetes, kind: Kind, live: Object, *, seconds: float, cancelled: asyncio.Event
) -> None:
    """Waits until the object, or at least this one of its name, does not exist any more. Raises NotReadyError."""
    view = _View(live)
    uid = text(live, "metadata", "uid")

    async def watch() -> None:
        while view.unsynced or not (view.gone or (uid and text(view.live, "metadata", "uid") != uid)):
            view.changed.clear()
            await view.changed.wait()

    job = view.follow_self(client, kind)
    why = await _race(watch(), [job], seconds, cancelled)
    if not why:
        return
    summary = {
        "timeout": f"'{name(live)}' still exists after {seconds:.0f} s",
        "cancelled": f"Resource operation was cancelled for '{name(live)}'",
    }[why]
    raise NotReadyError(summary, tuple(_held_by(view.live)), view.live)


async def _race(
    watch: Awaitable[None], jobs: Sequence[Awaitable[None]], seconds: float, cancelled: asyncio.Event
) -> str:
    """Runs until `watch` ends (empty answer), time is up, the run is cancelled, or a job fails, which is raised."""
    followers = [asyncio.ensure_future(job) for job in jobs]
    # Followers count themselves in before the first judgement.
    await asyncio.sleep(0)
    watcher = asyncio.ensure_future(watch)
    canceller = asyncio.ensure_future(cancelled.wait())
    everyone = [watcher, canceller, *followers]
    try:
        done, _ = await asyncio.wait(everyone, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if watcher in done:
            watcher.result()
            return ""
        for follower in followers:
            if follower in done:
                follower.result()
        return "cancelled" if canceller in done else "timeout"
    finally:
        for task in everyone:
            task.cancel()
        for task in everyone:
            with suppress(asyncio.CancelledError, Exception):
                await task


def _held_by(live: Object) -> list[str]:
    """Why an object that is being deleted does not go."""
    reasons = [f"Finalizer {each}" for each in pluck(live, "metadata", "finalizers") or []]
    reasons += [f"Finalizer {each}" for each in pluck(live, "spec", "finalizers") or [] if isinstance(each, str)]
    for entry in pluck(live, "status", "conditions") or []:
        if entry.get("status") == "True" and entry.get("message"):
            reasons.append(f"[{entry.get('reason')}] {entry['message']}")
    return reasons
