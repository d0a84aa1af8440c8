"""How operations fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.plugin import objects

if TYPE_CHECKING:
    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.plugin.values import Properties

_CONFLICT: Final = (
    "Another field manager owns these fields. Leave them out of the program, list them in ignore_changes, or set the "
    f"annotation {objects.PATCH_FORCE}: 'true' to take them over."
)


class InitFailedError(Exception):
    """The object exists, and must be kept in the state, but is not what it should be."""

    def __init__(
        self, resource_id: str, state: Properties, reasons: tuple[str, ...], *, inputs: Properties | None = None
    ) -> None:
        super().__init__(reasons[0])
        self.resource_id = resource_id
        self.state = state
        self.reasons = reasons
        self.inputs = inputs


def named(error: KubernetesError, each: Object, what: str) -> KubernetesError:
    """The error with the object's kind, namespace and name in front of the server's words."""
    return KubernetesError(
        f"{objects.text(each, 'kind')} {objects.full_name(each)} {what}: {error.message}",
        status=error.status,
        reason=error.reason,
        details=error.details,
        hint=_CONFLICT if error.reason == "Conflict" else error.hint,
    )


def namespace_missing(error: KubernetesError) -> bool:
    """Whether an object could not be made because its namespace does not exist (yet)."""
    return error.not_found and error.details.get("kind") == "namespaces"
