"""Field ownership: who set which field of an object, and what an update may therefore say."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.plugin.diff import parse_path
from tenantry_kubernetes.plugin.objects import PATCH_FORCE, is_true, pluck

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenantry_kubernetes.client.requests import Json, Object

_FIELDS: Final = "fieldsV1"
_OTHERS_OF_OURS: Final = frozenset({"kubectl", "before-first-apply", "pulumi-kubernetes", "pulumi-resource-kubernetes"})


def adopted(live: Object, manager: str) -> list[Object] | None:
    """`managedFields` in which fields that we created belong to server-side apply, None where they already do.

    An object that was created and not applied has its fields set by "update": an apply that leaves one out would not
    remove it.
    """
    entries: list[Object] = pluck(live, "metadata", "managedFields") or []
    ours = [entry for entry in entries if _is_created_by(entry, manager)]
    if not ours:
        return None
    kept = [copy.deepcopy(entry) for entry in entries if entry not in ours]
    applied = next((e for e in kept if e.get("manager") == manager and e.get("operation") == "Apply"), None)
    if applied is None:
        applied = copy.deepcopy(ours[0]) | {"manager": manager, "operation": "Apply"}
        kept.append(applied)
    for entry in ours:
        applied[_FIELDS] = _union(applied.get(_FIELDS) or {}, entry.get(_FIELDS) or {})
    return kept


def _is_created_by(entry: Object, manager: str) -> bool:
    name = entry.get("manager")
    return entry.get("operation") == "Update" and not entry.get("subresource") and name in {manager, *_OTHERS_OF_OURS}


def forced(inputs: Object, *, always: bool) -> bool:
    """Whether fields of other managers may be taken over."""
    return always or is_true(inputs, PATCH_FORCE)


def without_ignored(inputs: Object, live: Object, ignored: Iterable[str], manager: str) -> Object:
    """Inputs for an update that leaves ignored fields alone.

    A field that another manager owns alone (an autoscaler's `spec.replicas`) is not sent; any other is sent with the
    value that it has, since leaving out what we own would remove it.
    """
    made = copy.deepcopy(inputs)
    for written in ignored:
        path = [str(step) for step in parse_path(written)]
        owners = _owners(live, path)
        if owners and manager not in owners:
            _remove(made, path)
        else:
            value = pluck(live, *path)
            if value is not None:
                _put(made, path, copy.deepcopy(value))
    return made


def _owners(live: Object, path: list[str]) -> set[str]:
    steps = [f"f:{step}" for step in path]
    entries: list[Object] = pluck(live, "metadata", "managedFields") or []
    return {str(entry.get("manager")) for entry in entries if pluck(entry.get(_FIELDS), *steps) is not None}


def _remove(target: Object, path: list[str]) -> None:
    holder = pluck(target, *path[:-1])
    if isinstance(holder, dict):
        holder.pop(path[-1], None)


def _put(target: Object, path: list[str], value: Json) -> None:
    holder: Json = target
    for step in path[:-1]:
        if not isinstance(holder, dict):
            return
        holder = holder.setdefault(step, {})
    if isinstance(holder, dict):
        holder[path[-1]] = value


def _union(left: Json, right: Json) -> Json:
    if not isinstance(left, dict) or not isinstance(right, dict):
        return left
    return {
        key: _union(left[key], right[key]) if key in left and key in right else left.get(key, right.get(key))
        for key in left | right
    }
