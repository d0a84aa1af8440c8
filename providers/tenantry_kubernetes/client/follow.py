"""Follows a collection without end and without gaps."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, Protocol

from tenantry_kubernetes.client import requests
from tenantry_kubernetes.client.errors import KubernetesError, from_status
from tenantry_kubernetes.client.events import Memory

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from tenantry_kubernetes.client.events import Event
    from tenantry_kubernetes.client.kinds import Kind
    from tenantry_kubernetes.client.requests import Object, Request

_WAIT: Final = 0.1
_WAIT_MAX: Final = 5.0


class _Client(Protocol):
    async def list_with_version(
        self, kind: Kind, namespace: str | None, *, labels: str, fields: str
    ) -> tuple[list[Object], str]: ...

    def stream(self, request: Request) -> AsyncGenerator[bytes]: ...


async def follow(
    client: _Client, kind: Kind, namespace: str | None, *, labels: str, fields: str, patience: float | None
) -> AsyncGenerator[Event]:
    """See `AsyncKubernetes.follow`."""
    memory = Memory()
    version = ""
    contact = time.monotonic()
    failures = 0
    while True:
        try:
            if not version:
                objects, version = await client.list_with_version(kind, namespace, labels=labels, fields=fields)
                for event in memory.relist(objects):
                    yield event
            contact = time.monotonic()
            request = requests.watch(kind, namespace, version=version, labels=labels, fields=fields)
            async with aclosing(client.stream(request)) as lines:
                async for line in lines:
                    contact, failures = time.monotonic(), 0
                    version, events = _read(line, memory)
                    for event in events:
                        yield event
        except KubernetesError as error:
            if error.gone:
                version = ""
            elif not error.passing or (patience is not None and time.monotonic() - contact > patience):
                raise
            failures += 1
            await asyncio.sleep(min(_WAIT * 2**failures, _WAIT_MAX))


def _read(line: bytes, memory: Memory) -> tuple[str, Iterable[Event]]:
    """The version that a line of a watch brings, and its events. Raises KubernetesError for a line that is an error."""
    change = json.loads(line)
    each: Object = change["object"]
    if change["type"] == "ERROR":
        raise from_status(int(each.get("code") or 500), each, "The watch failed")
    version = each["metadata"]["resourceVersion"]
    if change["type"] == "BOOKMARK":
        return version, ()
    return version, memory.drop(each) if change["type"] == "DELETED" else memory.put(each)
