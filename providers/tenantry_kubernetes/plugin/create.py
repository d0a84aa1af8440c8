"""Creating objects, or trying to at preview."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.plugin import checkpoint, objects, ownership, shape
from tenantry_kubernetes.plugin.failures import named, namespace_missing
from tenantry_kubernetes.plugin.session import Session, Wanted, place
from tenantry_kubernetes.plugin.values import has_unknown, plain

if TYPE_CHECKING:
    from tenantry_kubernetes.client.kinds import Kind
    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.plugin.values import Properties

_MISORDERED: Final = (0.2, 0.4, 0.8, 1.6, 3.2)
"""Seconds between attempts to create what needs a namespace or a kind that is only just being created."""

_IMMUTABLE: Final = "field is immutable"


async def create(
    session: Session, urn: str, properties: Properties, *, seconds: float, preview: bool
) -> tuple[str, Properties]:
    """Id and state of the new object; at preview an empty id and what is known so far.

    Raises KubernetesError where the server refuses, InitFailedError where the object was made but is not ready.
    """
    inputs = shape.normalise(plain(properties))
    if preview and has_unknown(inputs):
        return "", properties
    wanted = Wanted(
        urn=urn,
        inputs=inputs,
        properties=properties,
        manager=checkpoint.manager_of({}, inputs),
        api_version=objects.text(inputs, "apiVersion"),
        seconds=seconds,
        preview=preview,
    )
    try:
        kind, made = await _with_patience(session, wanted)
    except KubernetesError as error:
        if preview and (_expected_at_preview(error) or await session.tolerates(urn, error)):
            return "", properties
        raise named(error, inputs, "was not created") from None
    if preview:
        # The server has not worked on it yet: an empty status would be taken for the final one.
        made.pop("status", None)
        return "", wanted.state(made)
    made = await session.settle(wanted, kind, made, "created")
    return objects.full_name(made), wanted.state(made)


def _expected_at_preview(error: KubernetesError) -> bool:
    """What this very run is going to change: a namespace or kind that it makes, an object that it deletes first."""
    return error.reason in {"NoMatch", "AlreadyExists"} or namespace_missing(error)


async def _with_patience(session: Session, wanted: Wanted) -> tuple[Kind, Object]:
    waits = iter(() if wanted.preview else _MISORDERED)
    while True:
        try:
            kind = await session.kind_of(wanted.inputs)
            return kind, await _once(session, kind, wanted)
        except KubernetesError as error:
            wait = next(waits, None)
            if not error.not_found or wait is None or session.cancelled.is_set():
                raise
            await session.log.status(wanted.urn, f"Trying again: {error.message}")
            await asyncio.sleep(wait)


async def _once(session: Session, kind: Kind, wanted: Wanted) -> Object:
    inputs, manager, preview = wanted.inputs, wanted.manager, wanted.preview
    at, name = place(kind, inputs), objects.name(inputs)
    if not session.settings.upsert or not name:
        return await session.client.create(kind, at, inputs, manager=manager, dry_run=preview)
    # At preview an object that is to be replaced still has its old owner.
    force = preview or ownership.forced(inputs, always=session.settings.force)
    try:
        return await session.client.apply(kind, at, name, inputs, manager=manager, force=force, dry_run=preview)
    except KubernetesError as error:
        if not preview or error.reason != "Invalid" or _IMMUTABLE not in error.message:
            raise
    # The object that this one replaces is still there; under another name the server can check everything else.
    other = copy.deepcopy(inputs)
    other["metadata"]["name"] = f"{name}-preview"
    made = await session.client.apply(kind, at, f"{name}-preview", other, manager=manager, force=force, dry_run=True)
    made["metadata"]["name"] = name
    return made
