"""Changing objects in place, or trying to at preview."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.plugin import checkpoint, objects, ownership, shape
from tenantry_kubernetes.plugin.failures import named
from tenantry_kubernetes.plugin.session import Session, Wanted, place
from tenantry_kubernetes.plugin.values import has_unknown, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry_kubernetes.client.kinds import Kind
    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.plugin.values import Properties


async def update(
    session: Session,
    urn: str,
    old: Properties,
    properties: Properties,
    *,
    ignored: Sequence[str],
    seconds: float,
    preview: bool,
) -> Properties:
    """State of the changed object; at preview what is known so far. `ignored` are the program's `ignoreChanges`.

    Raises KubernetesError where the server refuses, InitFailedError where the object was changed but is not ready.
    """
    inputs = shape.normalise(plain(properties))
    if preview and has_unknown(inputs):
        return properties
    old_inputs, old_live = checkpoint.split(old)
    before = checkpoint.manager_of(old, old_inputs)
    wanted = Wanted(
        urn=urn,
        inputs=inputs,
        properties=properties,
        manager=checkpoint.manager_of({checkpoint.MANAGER: before}, inputs),
        api_version=checkpoint.api_version_of(old, old_inputs),
        seconds=seconds,
        preview=preview,
    )
    name = objects.name(old_live) or objects.name(inputs)
    try:
        kind = await session.kind_of(inputs)
        made = await _send(session, kind, name, wanted, ignored)
    except KubernetesError as error:
        if preview and (error.reason == "NoMatch" or await session.tolerates(urn, error)):
            return properties
        raise named(error, inputs, "was not updated") from None
    if preview:
        return wanted.state(made)
    made = await session.settle(wanted, kind, made, "updated")
    if before != wanted.manager:
        await _relinquish(session, kind, made, before)
    return wanted.state(made)


async def _send(session: Session, kind: Kind, name: str, wanted: Wanted, ignored: Sequence[str]) -> Object:
    inputs, manager, preview = wanted.inputs, wanted.manager, wanted.preview
    at = place(kind, inputs)
    live = await session.client.get(kind, at, name)
    if kind.kind == "CustomResourceDefinition":
        # Written as a whole, so that versions that were removed from the program go.
        body = copy.deepcopy(inputs)
        body["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        return await session.client.replace(kind, at, name, body, dry_run=preview)
    fields = ownership.adopted(live, manager)
    if fields is not None and not preview:
        steps = [{"op": "replace", "path": "/metadata/managedFields", "value": fields}]
        live = await session.client.patch(kind, at, name, steps, form="json", manager=manager)
    body = ownership.without_ignored(inputs, live, ignored, manager)
    # A dry run cannot adopt first; it takes over what the update will have adopted.
    force = ownership.forced(inputs, always=session.settings.force) or (preview and fields is not None)
    return await session.client.apply(kind, at, name, body, manager=manager, force=force, dry_run=preview)


async def _relinquish(session: Session, kind: Kind, made: Object, manager: str) -> None:
    """Gives up what an earlier field manager of ours owned."""
    name = objects.name(made)
    body = {"apiVersion": made["apiVersion"], "kind": made["kind"], "metadata": {"name": name}}
    await session.client.apply(kind, place(kind, made), name, body, manager=manager)
