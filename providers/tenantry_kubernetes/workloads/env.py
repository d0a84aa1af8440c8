"""The environment of a service's container: constants in plain sight, secrets by reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.errors import CapabilityError
from tenantry_kubernetes.workloads.network import PORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pulumi

    from tenantry.contract.scope import Scope
    from tenantry.spec.plan import ServicePlan
    from tenantry_kubernetes.workloads.bindings import Known
    from tenantry_kubernetes.workloads.manifest import Body, Manifest


def literal(text: str) -> str:
    """`text` so that the process gets it unchanged: the kubelet expands `$(NAME)` in commands and variables."""
    return text.replace("$", "$$") if "$(" in text or "$$" in text else text


def container_env(
    service: ServicePlan,
    scope: Scope,
    *,
    url: str,
    known: Known,
    language: Mapping[str, str],
) -> tuple[list[Body], dict[str, pulumi.Output[str]]]:
    """The container's plain `env`, and the secret values that the component's Secret must hold.

    Raises CapabilityError for a field of another component that this runtime does not have.
    """
    import pulumi

    plain: dict[str, pulumi.Input[str]] = {"HOST": "0.0.0.0", "PORT": str(PORT), **language}  # noqa: S104 - in a pod
    secrets: dict[str, pulumi.Output[str]] = {}
    for variable in service.env:
        try:
            value = scope.render(variable.value, url=url, fields=known.values)
        except KeyError as error:
            raise CapabilityError(
                f"The variable {variable.name} of {service.id} uses {_field(error)}, which Kubernetes does not give.",
                hint="Known are the url of components that a route leads to, and the fields of databases and buckets.",
            ) from None
        if known.keeps_secret(variable.value):
            plain.pop(variable.name, None)
            secrets[variable.name] = pulumi.Output.concat(value)
        elif isinstance(value, str):
            plain[variable.name] = literal(value)
        else:
            plain[variable.name] = pulumi.Output.concat(value).apply(literal)
    return [{"name": name, "value": value} for name, value in plain.items()], secrets


def secret_env(secret: Manifest, names: Iterable[str]) -> list[Body]:
    """Variables whose values are in a Secret, under their own names."""
    return [{"name": name, "valueFrom": {"secretKeyRef": {"name": secret.name, "key": name}}} for name in names]


def _field(error: KeyError) -> str:
    key = error.args[0]
    return "${" + ".".join(key) + "}" if isinstance(key, tuple) else "${" + str(key) + "}"
