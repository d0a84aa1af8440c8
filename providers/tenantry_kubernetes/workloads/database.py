"""The objects of one `database`: a server of the instance's own, an address from the account, or an operator's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.errors import CapabilityError
from tenantry.spec.plan import Resources
from tenantry_kubernetes.data_sources import ExternalDatabase, OperatedDatabase
from tenantry_kubernetes.names import service_host
from tenantry_kubernetes.servers import VERSIONS
from tenantry_kubernetes.workloads.bindings import Binding, ca_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi

    from tenantry.spec.plan import DatabasePlan, InstancePlan
    from tenantry_kubernetes.account import Account, Extensions

_GIB: Final = 2**30

PORTS: Final = {"postgresql": 5432, "mysql": 3306}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a size means. `copies` where an operator keeps several."""

    resources: Resources
    storage: str
    connections: int
    copies: int


SIZES: Final[Mapping[str, Size]] = {
    "small": Size(resources=Resources(cpu_millis=250, memory_bytes=_GIB // 2), storage="5Gi", connections=50, copies=1),
    "medium": Size(
        resources=Resources(cpu_millis=1000, memory_bytes=2 * _GIB), storage="20Gi", connections=100, copies=2
    ),
    "large": Size(
        resources=Resources(cpu_millis=4000, memory_bytes=8 * _GIB), storage="100Gi", connections=300, copies=3
    ),
}


def source_of(
    database: DatabasePlan, account: Account, extensions: Extensions, mode: str
) -> ExternalDatabase | OperatedDatabase | None:
    """Where a database comes from; None where the instance runs its own, as always in a sandbox.

    Raises CapabilityError for an engine or version that cannot be had.
    """
    if database.version not in VERSIONS[database.engine]:
        raise CapabilityError(
            f"{database.id} asks for {database.engine} {database.version}, which Kubernetes does not run.",
            hint=f"Write one of: {', '.join(VERSIONS[database.engine])}",
        )
    if mode == "sandbox":
        return None
    found = account.databases.get(database.id) or extensions.databases.get(database.id)
    if isinstance(found, OperatedDatabase) and database.engine != "postgresql":
        raise CapabilityError(
            f"{database.id} is {database.engine}, and the operator {found.operator} makes PostgreSQL.",
            hint=f"Remove {database.id} from the account's and the template's `databases`.",
        )
    return found


def identifier(component: str) -> str:
    """The component's id as the name of a database and of its owner."""
    return component.replace("-", "_")


def own_fields(
    plan: InstancePlan, database: DatabasePlan, password: pulumi.Output[str], *, service: str
) -> dict[str, pulumi.Input[str]]:
    """The documented fields of a database behind a Service of the instance's namespace.

    `verify-ca` and `VERIFY_CA` say all that there is to check: the authority signs this one server's certificate alone.
    """
    import pulumi

    host, port, name = service_host(plan, service), PORTS[database.engine], identifier(database.id)
    ca = ca_file(database.id)
    query = {
        "postgresql": f"sslmode=verify-ca&sslrootcert={ca}",
        "mysql": f"ssl-mode=VERIFY_CA&ssl-ca={ca}",
    }[database.engine]
    return {
        "url": pulumi.Output.concat(f"{database.engine}://{name}:", password, f"@{host}:{port}/{name}?{query}"),
        "host": host,
        "port": str(port),
        "name": name,
        "user": name,
        "password": password,
        "ca_file": ca,
    }


def output_of(database: DatabasePlan, binding: Binding) -> dict[str, pulumi.Input[str]]:
    """What the instance's outputs say of a database."""
    shown = {name: value for name, value in binding.fields.items() if name != "ca_file"}
    return {"engine": database.engine, "version": database.version, **shown}
