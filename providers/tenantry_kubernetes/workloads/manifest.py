"""What a manifest is here, and what is common to all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tenantry_kubernetes.names import labels, namespace_name

if TYPE_CHECKING:
    from collections.abc import Callable

    import pulumi

    from tenantry.spec.plan import InstancePlan

Body: TypeAlias = dict[str, Any]
"""An object as the API server takes it; values may be Pulumi outputs."""

AWAIT_SECONDS: Final = 300
"""How long the plugin waits for an object to become ready before it says what is missing."""
INSTANCE: Final = "*"
"""Stands for the whole instance where a component is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A value that a resource declared earlier gives: `of` reads it from the resource with this key."""

    key: tuple[str, str]
    of: Callable[[Any], pulumi.Output[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One object to declare.

    `logical` is its frozen Pulumi name. `component` is the component that it belongs to, `*` for the instance's own.
    """

    logical: str
    component: str
    body: Body
    after: tuple[tuple[str, str], ...] = field(default=())
    """Pairs of kind and logical name that are declared earlier and must be there first."""
    data: bool = False
    """Its loss loses data: protected, and kept or deleted as `lifecycle.data` says."""
    own: Callable[[pulumi.ResourceOptions], pulumi.CustomResource] | None = None
    """Makes a resource of our own plugin instead of an object; `body` has no more than its kind then."""
    by_content: bool = False
    """Its name tells its content: another content is another object, and the one before stays until it is swept."""

    @property
    def kind(self) -> str:
        """The object's kind."""
        return str(self.body["kind"])

    @property
    def name(self) -> pulumi.Input[str]:
        """The object's name in the cluster."""
        found: pulumi.Input[str] = self.body["metadata"]["name"]
        return found

    @property
    def key(self) -> tuple[str, str]:
        """Kind and logical name: unique in a stack."""
        return (self.kind, self.logical)


CONTENT_LABEL: Final = "tenantry.dev/by-content"
"""On objects that are swept when nothing uses them any more."""


def content_head(plan: InstancePlan, kind: str, component: str, content: str | pulumi.Output[str]) -> Body:
    """`apiVersion`, `kind` and `metadata` of an object that is called after its component and its content.

    Nothing in its metadata tells the version: several versions may share it. What another resource of ours made under
    this name is taken over: it has the same content.
    """
    body = head(plan, "v1", kind, component, component=component, annotations={"pulumi.com/patchForce": "true"})
    if isinstance(content, str):
        body["metadata"]["name"] = content_name(component, content)
    else:
        body["metadata"]["name"] = content.apply(lambda digest: content_name(component, digest))
    del body["metadata"]["labels"]["app.kubernetes.io/version"]
    body["metadata"]["labels"][CONTENT_LABEL] = "true"
    return body


def content_name(component: str, content: str) -> str:
    """The name of an object by its component and the digest of its content. Ids hold 40 characters at most."""
    return f"{component}-{content}"


def kept_notes() -> dict[str, str]:
    """Annotations of what outlives its stack: a later stack that takes it over must be able to change every field."""
    return {"pulumi.com/patchForce": "true"}


def running(plan: InstancePlan) -> bool:
    """Whether anything of the instance may run: a suspended one keeps its objects and has no pod."""
    return plan.lifecycle_state == "running"


def head(
    plan: InstancePlan,
    api_version: str,
    kind: str,
    name: str,
    *,
    component: str | None = None,
    awaited: bool = False,
    annotations: dict[str, str] | None = None,
) -> Body:
    """`apiVersion`, `kind` and `metadata` of a namespaced object. `awaited`: the plugin waits for it, not for ever."""
    notes = {"tenantry.dev/declared-by": f"{plan.instance}/{component or 'instance'}"} | (annotations or {})
    if awaited:
        notes["pulumi.com/timeoutSeconds"] = str(AWAIT_SECONDS)
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace_name(plan),
            "labels": labels(plan, component),
            "annotations": notes,
        },
    }
