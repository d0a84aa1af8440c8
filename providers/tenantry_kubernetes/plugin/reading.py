"""Reading objects: for a refresh, an import, or a program's `get`."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.plugin import checkpoint, objects, shape
from tenantry_kubernetes.plugin.failures import InitFailedError, named
from tenantry_kubernetes.plugin.readiness.rules import RULES
from tenantry_kubernetes.plugin.values import plain

if TYPE_CHECKING:
    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.plugin.session import Session
    from tenantry_kubernetes.plugin.values import Properties


async def read(
    session: Session, urn: str, resource_id: str, state: Properties, properties: Properties
) -> tuple[str, Properties, Properties] | None:
    """Id, state and inputs of the live object, None where it does not exist.

    `properties` are the inputs that made it; empty for an import or a `get`, whose inputs are what the object holds.
    Raises InitFailedError where the object is there but not ready.
    """
    written = shape.normalise(plain(properties))
    found = not written.get("kind")
    inputs = _head(urn, state) | written
    namespace, name = objects.split_id(resource_id)
    try:
        kind = await session.kind_of(inputs)
        at = (namespace or objects.namespace(inputs) or "default") if kind.namespaced else None
        live = await session.client.get(kind, at, name)
    except KubernetesError as error:
        if is_gone(session, error):
            return None
        shown = inputs | {"metadata": {"name": name, "namespace": namespace}}
        raise named(error, shown, "was not read") from None
    current = shape.imported_inputs(live) if found else shape.normalise(shape.prune(live, inputs))
    made = checkpoint.make(
        current,
        live,
        properties,
        api_version=checkpoint.api_version_of(state, inputs),
        manager=checkpoint.manager_of(state, inputs),
    )
    marked: Properties = copy.deepcopy(current)
    checkpoint.mark(marked, properties)
    rule = (
        None if found or objects.is_true(inputs, objects.SKIP_AWAIT) else RULES.get((live["apiVersion"], live["kind"]))
    )
    if rule is not None and rule.on_read:
        verdict = await session.judge(live, rule)
        if not verdict.ready:
            reasons = (f"{live['kind']} {objects.full_name(live)} is not ready", *verdict.reasons)
            raise InitFailedError(resource_id, made, reasons, inputs=marked)
    return resource_id, made, marked


def is_gone(session: Session, error: KubernetesError) -> bool:
    """Whether an error means that the object is not there: it, its kind, or, where so configured, the whole cluster."""
    return error.not_found or (error.reason == "Unreachable" and session.settings.delete_unreachable)


def _head(urn: str, state: Properties) -> Object:
    api_version, kind = objects.type_of(urn)
    return {
        "apiVersion": objects.text(state, "apiVersion") or api_version,
        "kind": objects.text(state, "kind") or kind,
    }
