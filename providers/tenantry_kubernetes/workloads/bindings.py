"""What services get of the databases and buckets that they bind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tenantry.spec.plan import ComponentField, SecretPart
from tenantry_kubernetes.workloads.manifest import Manifest, head
from tenantry_kubernetes.workloads.namespace import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pulumi

    from tenantry.spec.plan import InstancePlan, ServicePlan, Value
    from tenantry_kubernetes.workloads.manifest import Body

BINDINGS: Final = "/opt/tenantry/bindings"
CA_FILE: Final = "ca.pem"
_READABLE: Final = 0o444


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Where a client finds the certificates that it trusts: a ConfigMap or a Secret, and the key in it."""

    kind: str
    name: str
    key: str = CA_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One database or bucket as its clients see it.

    `fields`: the component's documented fields. `secret`: those that are secret here beyond what the spec says.
    `ready`: kinds and logical names that must be there before a client starts.
    """

    component: str
    fields: Mapping[str, pulumi.Input[str]]
    secret: frozenset[str] = frozenset()
    authority: Authority | None = None
    ready: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the fields of components are: for `${COMPONENT.FIELD}` and for bindings."""

    values: Mapping[tuple[str, str], pulumi.Input[str]] = field(default_factory=dict)
    secret: frozenset[tuple[str, str]] = frozenset()
    bindings: Mapping[str, Binding] = field(default_factory=dict)

    @classmethod
    def of(cls, urls: Mapping[str, str], bindings: Iterable[Binding]) -> Known:
        """The URLs of components that a route leads to, and what can be bound."""
        found = {binding.component: binding for binding in bindings}
        values: dict[tuple[str, str], pulumi.Input[str]] = {(name, "url"): url for name, url in urls.items()}
        for name, binding in found.items():
            values |= {(name, key): value for key, value in binding.fields.items()}
        secret = frozenset((name, key) for name, binding in found.items() for key in binding.secret)
        return cls(values=values, secret=secret, bindings=found)

    def keeps_secret(self, value: Value) -> bool:
        """Whether a value must not be seen on the pod."""
        return value.is_secret or any(
            isinstance(part, ComponentField) and (part.component, part.field) in self.secret for part in value.parts
        )

    def used_by(self, service: ServicePlan) -> list[Binding]:
        """The databases and buckets that a service binds, or names in a variable."""
        named = {
            part.component
            for variable in service.env
            for part in variable.value.parts
            if isinstance(part, ComponentField) and not isinstance(part, SecretPart)
        }
        return [binding for name, binding in sorted(self.bindings.items()) if name in named or name in service.bind]


def clients(plan: InstancePlan, component: str) -> list[str]:
    """The services that use a database or bucket."""
    from tenantry.spec.plan import ServicePlan

    return [
        service.id
        for service in plan.components
        if isinstance(service, ServicePlan)
        and (
            component in service.bind
            or any(
                isinstance(part, ComponentField) and part.component == component
                for variable in service.env
                for part in variable.value.parts
            )
        )
    ]


def ca_file(component: str) -> str:
    """Where a service's container finds what it trusts the component's server by."""
    return f"{BINDINGS}/{component}/{CA_FILE}"


def authority_map(plan: InstancePlan, component: str, pem: pulumi.Input[str]) -> tuple[Manifest, Authority]:
    """The ConfigMap with the certificates that clients of a component trust."""
    name = f"{component}.ca"
    body = head(plan, "v1", "ConfigMap", name, component=component)
    body["data"] = {CA_FILE: pem}
    return (
        Manifest(logical=name, component=component, body=body, after=(NAMESPACE,)),
        Authority(kind="ConfigMap", name=name),
    )


def authority_mounts(bindings: Iterable[Binding]) -> tuple[list[Body], list[Body]]:
    """Volumes of the pod, and their mounts in the container. Volume names end in the component: both fit 63 signs."""
    volumes: list[Body] = []
    mounts: list[Body] = []
    for binding in bindings:
        if binding.authority is None:
            continue
        items = [{"key": binding.authority.key, "path": CA_FILE}]
        name = f"ca-{binding.component}"
        if binding.authority.kind == "Secret":
            source: Body = {"secret": {"secretName": binding.authority.name, "items": items, "defaultMode": _READABLE}}
        else:
            source = {"configMap": {"name": binding.authority.name, "items": items, "defaultMode": _READABLE}}
        volumes.append({"name": name, **source})
        mounts.append({"name": name, "mountPath": f"{BINDINGS}/{binding.component}", "readOnly": True})
    return volumes, mounts
