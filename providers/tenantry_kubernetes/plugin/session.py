"""A configured provider: what every operation needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.plugin import checkpoint, objects
from tenantry_kubernetes.plugin.failures import InitFailedError
from tenantry_kubernetes.plugin.readiness.custom import custom_rule
from tenantry_kubernetes.plugin.readiness.rules import RULES
from tenantry_kubernetes.plugin.waiting import NotReadyError, until_ready

if TYPE_CHECKING:
    import asyncio

    from tenantry_kubernetes.client.aio import AsyncKubernetes
    from tenantry_kubernetes.client.kinds import Kind
    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.plugin.readiness.verdict import Rule, Verdict
    from tenantry_kubernetes.plugin.settings import Settings
    from tenantry_kubernetes.plugin.values import Properties


class Log(Protocol):
    """Where messages for people go."""

    async def status(self, urn: str, message: str) -> None:
        """A line that lasts while the resource is being worked on."""
        ...

    async def warning(self, urn: str, message: str) -> None:
        """A line that stays."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one create or update is about.

    `inputs` are plain and normalised, `properties` as they came, with their secret marks. `seconds` is the program's
    own timeout, 0 for none. `api_version` is the one that the object was first created with.
    """

    urn: str
    inputs: Object
    properties: Properties
    manager: str
    api_version: str
    seconds: float
    preview: bool

    def state(self, live: Object) -> Properties:
        """The state to keep for the object."""
        return checkpoint.make(self.inputs, live, self.properties, api_version=self.api_version, manager=self.manager)


@dataclass(slots=True)
class Session:
    """One configured provider at work."""

    client: AsyncKubernetes
    settings: Settings
    log: Log
    cancelled: asyncio.Event

    async def kind_of(self, each: Object) -> Kind:
        """Where the API serves the object's kind. Raises KubernetesError with reason NoMatch where it does not."""
        return await self.client.resolve(objects.text(each, "apiVersion"), objects.text(each, "kind"))

    async def is_namespaced(self, each: Object) -> bool:
        """Whether objects of this kind live in namespaces; yes, where nobody can say."""
        try:
            return (await self.kind_of(each)).namespaced
        except KubernetesError:
            return True

    async def judge(self, live: Object, rule: Rule) -> Verdict:
        """The judgement of this moment."""
        found: dict[str, list[Object]] = {}
        for each in rule.related(live):
            kind = await self.client.resolve(each.api_version, each.kind)
            at = objects.namespace(live) if kind.namespaced else None
            found[kind.kind] = await self.client.list_objects(kind, at, labels=each.labels)
        return rule.judge(live, found)

    async def is_ready(self, inputs: Object) -> bool:
        """Whether the live object of the inputs is ready right now; yes, where it cannot be read."""
        rule = RULES.get((objects.text(inputs, "apiVersion"), objects.text(inputs, "kind")))
        if rule is None:
            return True
        try:
            kind = await self.kind_of(inputs)
            live = await self.client.get(kind, place(kind, inputs), objects.name(inputs))
            return (await self.judge(live, rule)).ready
        except KubernetesError:
            return True

    async def settle(self, wanted: Wanted, kind: Kind, made: Object, done: str) -> Object:
        """Waits until the object is ready, where its kind has something to wait for; returns it as last seen.

        Raises InitFailedError with the state to keep.
        """
        rule = custom_rule(wanted.inputs) or RULES.get((made["apiVersion"], made["kind"]))
        if rule is None or objects.is_true(wanted.inputs, objects.SKIP_AWAIT):
            return made

        said = []

        async def report(message: str) -> None:
            said.append(message)
            await self.log.status(wanted.urn, message)

        seconds = objects.timeout(wanted.inputs, wanted.seconds, rule.seconds)
        try:
            live = await until_ready(
                self.client, kind, made, rule, seconds=seconds, cancelled=self.cancelled, report=report
            )
        except NotReadyError as error:
            summary, reasons, live = error.summary, error.reasons, error.live
        except KubernetesError as error:
            # It was made: losing sight of it must not lose it.
            summary, reasons, live = error.message, (), made
        else:
            if said:
                await self.log.status(wanted.urn, "")
            return live
        what = f"{made['kind']} {objects.full_name(made)}"
        first = f"{what} was {done}, but it did not become ready: {summary}"
        raise InitFailedError(objects.full_name(made), wanted.state(live), (first, *reasons))

    async def tolerates(self, urn: str, error: KubernetesError) -> bool:
        """Whether a preview goes on without the server's opinion, saying so."""
        if error.reason not in {"Forbidden", "Unreachable"}:
            return False
        await self.log.warning(urn, f"The server could not check this in the preview: {error.message}")
        return True


def place(kind: Kind, each: Object) -> str | None:
    """The namespace for requests about an object; None for kinds without namespaces."""
    return (objects.namespace(each) or "default") if kind.namespaced else None
