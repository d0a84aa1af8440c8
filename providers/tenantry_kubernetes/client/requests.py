"""What is sent to an API server, as plain data; the clients differ only in how they send it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

from tenantry_kubernetes.client.errors import KubernetesError, from_status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry_kubernetes.client.kinds import Kind

Json = Any
"""Any JSON value."""

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

Propagation = Literal["Background", "Foreground", "Orphan"]

ATTEMPTS: Final = 5
"""How often a repeatable request is sent before its error is raised."""

FIELD_MANAGER: Final = "tenantry"
"""The field manager where the caller names none."""

_MAX_WAIT: Final = 10.0
_RETRIED: Final = frozenset({429, 503, 504})
_APPLY: Final = "application/apply-patch+yaml"
_PATCHES: Final = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. `repeatable`: sending it twice has the effect of sending it once."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"
    repeatable: bool = True


def get(kind: Kind, namespace: str | None, name: str) -> Request:
    """Reads one object."""
    return Request(method="GET", path=kind.path(namespace, name))


def collection(
    kind: Kind, namespace: str | None, *, labels: str = "", fields: str = "", limit: int = 0, token: str = ""
) -> Request:
    """Lists objects. `labels` and `fields` are selectors; `token` goes on behind an earlier page."""
    given = {"labelSelector": labels, "fieldSelector": fields, "limit": str(limit or ""), "continue": token}
    return Request(method="GET", path=kind.path(namespace), params={k: v for k, v in given.items() if v})


def watch(
    kind: Kind, namespace: str | None, *, version: str, labels: str = "", fields: str = "", seconds: int = 300
) -> Request:
    """Follows changes after a resource version, for at most `seconds`."""
    given = {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": version,
        "timeoutSeconds": str(seconds),
        "labelSelector": labels,
        "fieldSelector": fields,
    }
    return Request(method="GET", path=kind.path(namespace), params={k: v for k, v in given.items() if v})


def create(kind: Kind, namespace: str | None, body: Object, *, manager: str, dry_run: bool) -> Request:
    """Creates; fails where an object of the name exists."""
    params = _write_params(manager, dry_run=dry_run) | {"fieldValidation": "Warn"}
    return Request(method="POST", path=kind.path(namespace), params=params, body=_encode(body), repeatable=dry_run)


def apply(
    kind: Kind, namespace: str | None, name: str, body: Object, *, manager: str, force: bool, dry_run: bool
) -> Request:
    """Server-side apply. `force` takes fields over from other managers."""
    params = _write_params(manager, dry_run=dry_run) | {"force": str(force).lower(), "fieldValidation": "Warn"}
    return Request(
        method="PATCH", path=kind.path(namespace, name), params=params, body=_encode(body), content_type=_APPLY
    )


def patch(
    kind: Kind,
    namespace: str | None,
    name: str,
    body: object,
    *,
    form: Literal["merge", "strategic", "json"],
    subresource: str | None,
    manager: str,
    dry_run: bool = False,
) -> Request:
    """Another patch than apply; `subresource="status"` writes the status."""
    return Request(
        method="PATCH",
        path=kind.path(namespace, name, subresource),
        params=_write_params(manager, dry_run=dry_run),
        body=_encode(body),
        content_type=_PATCHES[form],
        # A JSON patch may append to a list.
        repeatable=form != "json",
    )


def replace(
    kind: Kind,
    namespace: str | None,
    name: str,
    body: Object,
    *,
    subresource: str | None = None,
    dry_run: bool = False,
) -> Request:
    """Writes a whole object; the resource version in it guards against lost updates."""
    params = {"dryRun": "All"} if dry_run else {}
    path = kind.path(namespace, name, subresource)
    return Request(method="PUT", path=path, params=params, body=_encode(body), repeatable=dry_run)


def delete(
    kind: Kind, namespace: str | None, name: str, *, propagation: Propagation, uid: str, grace_seconds: int | None
) -> Request:
    """Deletes; `uid` guards against deleting a successor of the same name."""
    options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
    if uid:
        options["preconditions"] = {"uid": uid}
    if grace_seconds is not None:
        options["gracePeriodSeconds"] = grace_seconds
    return Request(method="DELETE", path=kind.path(namespace, name), body=_encode(options))


def logs(kind: Kind, namespace: str, name: str, *, container: str, follow: bool, tail: int | None) -> Request:
    """What a pod's container printed."""
    params = {"follow": str(follow).lower()}
    if container:
        params["container"] = container
    if tail is not None:
        params["tailLines"] = str(tail)
    return Request(method="GET", path=kind.path(namespace, name, "log"), params=params)


def items(kind: Kind, page: Object) -> list[Object]:
    """The objects of one page of a listing, with the `apiVersion` and `kind` that they lack there."""
    head = {"apiVersion": kind.api_version, "kind": kind.kind}
    return [head | item for item in page.get("items") or []]


def decode(status: int, content: bytes, fallback: str = "") -> Object:
    """The answer's object. Raises KubernetesError for an HTTP error or a body that is not a JSON object."""
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    mapping = body if isinstance(body, dict) else None
    if status >= HTTPStatus.BAD_REQUEST:
        raise from_status(status, mapping, fallback or content[:300].decode(errors="replace"))
    if mapping is None:
        raise KubernetesError("The server's answer is not a JSON object", status=status)
    return mapping


def wait_before_repeat(status: int, retry_after: str | None, attempt: int) -> float | None:
    """Seconds until an attempt after `attempt` (from 1), None where the answer is final. `status` 0: no answer came."""
    if status != 0 and status not in _RETRIED:
        return None
    if retry_after is not None and retry_after.isdigit():
        return min(float(retry_after), _MAX_WAIT)
    wait: float = min(0.1 * 2**attempt, _MAX_WAIT)
    return wait * random.uniform(0.5, 1.0)  # noqa: S311 - spreads callers, guards nothing


def _write_params(manager: str, *, dry_run: bool) -> dict[str, str]:
    params = {"fieldManager": manager}
    return params | {"dryRun": "All"} if dry_run else params


def _encode(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
