"""The form in which an object is kept in a stack's state.

The live object's fields are the resource's outputs; beside them stand the inputs that made it, the API version that it
was first created with, and the field manager that owns its fields.
"""

from __future__ import annotations

import copy
import secrets
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.plugin import objects
from tenantry_kubernetes.plugin.shape import is_secret
from tenantry_kubernetes.plugin.values import Secret, has_secret, plain

if TYPE_CHECKING:
    from tenantry_kubernetes.client.requests import Json, Object
    from tenantry_kubernetes.plugin.values import Properties

INPUTS: Final = "__inputs"
INITIAL_API_VERSION: Final = "__initialApiVersion"
MANAGER: Final = "__fieldManager"
_CONTENT: Final = ("data", "stringData")


def make(inputs: Object, live: Object, marked: Properties, *, api_version: str, manager: str) -> Properties:
    """State for an object. `marked` are properties that say where secrets are: usually the inputs as they came."""
    state: Properties = copy.deepcopy(live)
    kept: Properties = copy.deepcopy(inputs)
    mark(state, marked)
    mark(kept, marked)
    return state | {INPUTS: kept, INITIAL_API_VERSION: api_version, MANAGER: manager}


def split(state: Properties) -> tuple[Object, Object]:
    """Inputs and live object of a state, without secret marks."""
    live: Object = plain(state)
    inputs = live.pop(INPUTS, None)
    live.pop(INITIAL_API_VERSION, None)
    live.pop(MANAGER, None)
    return (inputs if isinstance(inputs, dict) else {}), live


def api_version_of(state: Properties, inputs: Object) -> str:
    """The API version that the object was first created with."""
    return objects.text(state, INITIAL_API_VERSION) or objects.text(inputs, "apiVersion")


def manager_of(state: Properties, inputs: Object) -> str:
    """The field manager: what an annotation says, else what the state remembers, else a new one."""
    said = objects.annotation(inputs, objects.FIELD_MANAGER)
    return said or objects.text(state, MANAGER) or f"pulumi-kubernetes-{secrets.token_hex(4)}"


def mark(target: Properties, marked: Properties) -> None:
    """Marks in `target`, in place, what is secret in `marked`, and the content of every Secret.

    Objects are followed into, so that one secret does not hide a whole Deployment; of a list that holds a secret the
    whole is marked, since servers may reorder lists.
    """
    if is_secret(target) or target.get("kind") == "Secret":
        for key in _CONTENT:
            if key in target and not isinstance(target[key], Secret):
                target[key] = Secret(target[key])
        return
    for key, source in marked.items():
        if key not in target or isinstance(target[key], Secret):
            continue
        if isinstance(target[key], dict) and isinstance(source, dict):
            mark(target[key], source)
        elif _secret_within(source):
            target[key] = Secret(target[key])


def _secret_within(value: Json) -> bool:
    return isinstance(value, Secret) or has_secret(value)
