"""Bringing inputs and live objects into comparable shape."""

from __future__ import annotations

import base64
import binascii
import copy
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.plugin.objects import pluck

if TYPE_CHECKING:
    from tenantry_kubernetes.client.requests import Json, Object

_SERVER_OWNED: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)
_CLUSTER_SET: Final = ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration")
# Python cannot write these field names, so the SDK replaces their dashes.
_DASHED: Final = frozenset(
    {
        "x_kubernetes_embedded_resource",
        "x_kubernetes_int_or_string",
        "x_kubernetes_list_map_keys",
        "x_kubernetes_list_type",
        "x_kubernetes_map_type",
        "x_kubernetes_preserve_unknown_fields",
        "x_kubernetes_validations",
    }
)


def normalise(inputs: Object) -> Object:
    """A copy of inputs without the metadata that only servers set, with field names as servers know them."""
    made: Object = _dashes(inputs)
    metadata = made.get("metadata")
    if isinstance(metadata, dict):
        for key in _SERVER_OWNED:
            metadata.pop(key, None)
    return made


def is_secret(each: Object) -> bool:
    """Whether an object is a core Secret."""
    return each.get("apiVersion") == "v1" and each.get("kind") == "Secret"


def prune(live: Object, inputs: Object) -> Object:
    """What a live object holds at the places where `inputs` holds something.

    A Secret's `stringData` is never given back by a server; it is made from `data`, so that it can be compared.
    """
    written = inputs.get("stringData")
    if is_secret(inputs) and isinstance(written, dict):
        data = live.get("data") or {}
        live = live | {"stringData": {key: _decoded(data[key]) for key in written if key in data}}
    return {key: _prune(live[key], inputs[key]) for key in inputs if key in live}


def imported_inputs(live: Object) -> Object:
    """Inputs for an object that was found and not made: everything but what servers and controllers set."""
    inputs = normalise(live)
    inputs.pop("status", None)
    annotations = pluck(inputs, "metadata", "annotations")
    if isinstance(annotations, dict):
        for key in _CLUSTER_SET:
            annotations.pop(key, None)
        if not annotations:
            inputs["metadata"].pop("annotations")
    return inputs


def _prune(live: Json, inputs: Json) -> Json:
    if isinstance(live, dict) and isinstance(inputs, dict):
        return {key: _prune(live[key], inputs[key]) for key in inputs if key in live}
    if isinstance(live, list) and isinstance(inputs, list):
        # What the server or somebody else added behind our items stays theirs.
        return [_prune(item, inputs[at]) for at, item in enumerate(live[: len(inputs)])]
    return copy.deepcopy(live)


def _dashes(value: Json) -> Json:
    if isinstance(value, dict):
        return {(key.replace("_", "-") if key in _DASHED else key): _dashes(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_dashes(item) for item in value]
    return value


def _decoded(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        # Not text: it cannot equal what the program wrote as text.
        return encoded
