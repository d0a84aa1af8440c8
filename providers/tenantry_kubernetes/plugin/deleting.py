"""Deleting objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.plugin import checkpoint, objects
from tenantry_kubernetes.plugin.failures import named
from tenantry_kubernetes.plugin.reading import is_gone
from tenantry_kubernetes.plugin.waiting import NotReadyError, until_gone

if TYPE_CHECKING:
    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.plugin.session import Session
    from tenantry_kubernetes.plugin.values import Properties

_SECONDS: Final = 600.0
# Objects of these kinds that are not waited for are not waited for at their end either.
_SKIPS: Final = frozenset(
    {"Namespace", "Pod", "ReplicationController", "DaemonSet", "Deployment", "StatefulSet", "Job"}
)


async def delete(session: Session, urn: str, resource_id: str, state: Properties, *, seconds: float) -> None:
    """Deletes the object and waits until it is gone. An object, or kind, that does not exist is deleted already.

    Raises KubernetesError where the server refuses or the object does not go; then it says what holds it.
    """
    inputs, live = checkpoint.split(state)
    namespace, name = objects.split_id(resource_id)
    api_version, kind_name = objects.type_of(urn)
    head: Object = {"apiVersion": live.get("apiVersion") or api_version, "kind": live.get("kind") or kind_name}
    shown = head | {"metadata": {"name": name, "namespace": namespace}}
    try:
        kind = await session.kind_of(head)
        at = (namespace or "default") if kind.namespaced else None
        answer = await session.client.delete(kind, at, name, propagation=objects.propagation(inputs))
    except KubernetesError as error:
        if is_gone(session, error):
            return
        raise named(error, shown, "was not deleted") from None
    if objects.is_true(inputs, objects.SKIP_AWAIT) and kind.kind in _SKIPS:
        return
    # The answer is the object where it still has something to do, else a status with its uid.
    uid = objects.text(answer, "metadata", "uid") or objects.text(answer, "details", "uid")
    target: Object = head | {"metadata": {"name": name, "namespace": at or "", "uid": uid}}
    wait = objects.timeout(inputs, seconds, _SECONDS)
    try:
        await until_gone(session.client, kind, target, seconds=wait, cancelled=session.cancelled)
    except NotReadyError as error:
        why = KubernetesError("; ".join((error.summary, *error.reasons)), status=0)
        raise named(why, shown, "was not deleted") from None
