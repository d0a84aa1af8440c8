"""Reading Kubernetes objects: identity, metadata, annotations that steer the plugin."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from tenantry.errors import TenantryError
from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.plugin.values import UNKNOWN

if TYPE_CHECKING:
    from tenantry_kubernetes.client.requests import Json, Object, Propagation

AUTONAMED: Final = "pulumi.com/autonamed"
SKIP_AWAIT: Final = "pulumi.com/skipAwait"
WAIT_FOR: Final = "pulumi.com/waitFor"
TIMEOUT_SECONDS: Final = "pulumi.com/timeoutSeconds"
REPLACE_UNREADY: Final = "pulumi.com/replaceUnready"
PATCH_FORCE: Final = "pulumi.com/patchForce"
FIELD_MANAGER: Final = "pulumi.com/patchFieldManager"
PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"

_POLICIES: Final[dict[str, Propagation]] = {"orphan": "Orphan", "background": "Background"}
_PACKAGE: Final = "kubernetes"
_TYPED_GROUPS: Final = frozenset(kind.group for kind in BUILT_IN.values())


def pluck(value: Json, *path: str | int) -> Json:
    """The value at a path, None where anything on the way is missing."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return None
            value = value[step]
        else:
            if not isinstance(value, dict):
                return None
            value = value.get(step)
    return value


def text(value: Json, *path: str) -> str:
    """As `pluck`, for a string; empty where it is missing, unknown or of another type."""
    found = pluck(value, *path)
    return found if isinstance(found, str) else ""


def name(each: Object) -> str:
    """`metadata.name`, empty where it is missing or unknown."""
    return text(each, "metadata", "name")


def namespace(each: Object) -> str:
    """`metadata.namespace`, empty where it is missing or unknown."""
    return text(each, "metadata", "namespace")


def full_name(each: Object) -> str:
    """The resource id: `namespace/name`, or `name` alone."""
    return f"{namespace(each)}/{name(each)}" if namespace(each) else name(each)


def split_id(resource_id: str) -> tuple[str, str]:
    """Namespace (may be empty) and name of a resource id."""
    before, slash, after = resource_id.partition("/")
    return (before, after) if slash else ("", before)


def annotation(each: Object, key: str) -> str:
    """An annotation's value, empty where there is none."""
    return text(each, "metadata", "annotations", key)


def is_true(each: Object, key: str) -> bool:
    """Whether an annotation says `true`."""
    return annotation(each, key) == "true"


def timeout(each: Object, requested: float, default: float) -> float:
    """Seconds to wait: `customTimeouts`, else the annotation, else the kind's default."""
    if requested > 0:
        return requested
    said = annotation(each, TIMEOUT_SECONDS)
    return float(said) if said.isdigit() else default


def propagation(each: Object) -> Propagation:
    """How deletion reaches dependents: foreground unless an annotation says otherwise."""
    return _POLICIES.get(annotation(each, PROPAGATION).lower(), "Foreground")


def type_of(urn: str) -> tuple[str, str]:
    """`apiVersion` and `kind` of a resource's type token.

    Raises TenantryError for types that are no plain Kubernetes object: lists, patches, charts, YAML files.
    """
    token = urn.split("::")[2].rpartition("$")[2]
    package, _, rest = token.partition(":")
    module, _, kind = rest.rpartition(":")
    group, slash, version = module.rpartition("/")
    if package != _PACKAGE or not slash:
        raise unsupported(token)
    if group in {"helm.sh", "yaml", "kustomize"} or (kind.endswith(("Patch", "List")) and _built_in(group)):
        raise unsupported(token)
    return (version if group == "core" else f"{group}/{version}"), kind


def is_typed(each: Object) -> bool:
    """Whether the object is of Kubernetes' own groups, not a custom resource."""
    return text(each, "apiVersion").rpartition("/")[0] in _TYPED_GROUPS


def unsupported(token: str) -> TenantryError:
    """The refusal of a type that only the official plugin has."""
    return TenantryError(
        f"The sandbox's stand-in for the kubernetes plugin does not support {token}",
        hint="Declare the plain objects instead, or use the official plugin.",
    )


def resource_name(urn: str) -> str:
    """The logical name in a URN."""
    return urn.split("::", 3)[3]


def assign_name(inputs: Object, urn: str, seed: bytes) -> None:
    """Names an object that the program did not name, and marks it as named by the plugin."""
    metadata = inputs.setdefault("metadata", {})
    if metadata is UNKNOWN or not isinstance(metadata, dict) or metadata.get("name") or metadata.get("generateName"):
        return
    digits = hashlib.sha256(seed or urn.encode()).hexdigest()[:8]
    metadata["name"] = f"{resource_name(urn)}-{digits}"
    _mark(metadata)


def adopt_name(inputs: Object, old: Object) -> None:
    """Keeps the name that an earlier run assigned."""
    metadata = inputs.setdefault("metadata", {})
    if isinstance(metadata, dict) and not metadata.get("name") and is_true(old, AUTONAMED):
        metadata["name"] = name(old)
        _mark(metadata)


def _mark(metadata: Object) -> None:
    annotations = metadata.setdefault("annotations", {})
    if isinstance(annotations, dict):
        annotations[AUTONAMED] = "true"


def _built_in(group: str) -> bool:
    return "." not in group or group.endswith(".k8s.io")
