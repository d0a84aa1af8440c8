"""A database that is there already: its address comes from the account, by reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote, urlsplit

from tenantry.errors import PreflightError
from tenantry_kubernetes.workloads.bindings import Binding, authority_map, ca_file
from tenantry_kubernetes.workloads.database import PORTS

if TYPE_CHECKING:
    import pulumi

    from tenantry.contract.scope import Scope
    from tenantry.spec.plan import DatabasePlan, InstancePlan
    from tenantry_kubernetes.data_sources import ExternalDatabase
    from tenantry_kubernetes.workloads.manifest import Manifest

_SCHEMES: Final = {"postgresql": ("postgresql", "postgres"), "mysql": ("mysql",)}
_TLS: Final = {
    "postgresql": ("sslmode", "verify-full", "sslrootcert"),
    "mysql": ("ssl-mode", "VERIFY_IDENTITY", "ssl-ca"),
}


def external_database(
    plan: InstancePlan, database: DatabasePlan, source: ExternalDatabase, scope: Scope
) -> tuple[list[Manifest], Binding]:
    """What clients get. Every field comes from a secret, so every field is one."""
    import pulumi

    made: list[Manifest] = []
    authority = None
    trusted = ""
    if source.ca is not None:
        # Certificates are no secret, wherever they are read from.
        manifest, authority = authority_map(plan, database.id, pulumi.Output.unsecret(scope.secret(source.ca)))
        made.append(manifest)
        trusted = ca_file(database.id)
    read = scope.secret(source.dsn).apply(lambda text: parse_dsn(text, database.engine, database.id, trusted))
    fields: dict[str, pulumi.Input[str]] = {
        name: read.apply(lambda found, name=name: found[name])  # type: ignore[misc] # the default binds the loop's name
        for name in ("url", "host", "port", "name", "user", "password")
    }
    fields["ca_file"] = trusted
    binding = Binding(
        component=database.id,
        fields=fields,
        secret=frozenset({"host", "port", "name", "user"}),
        authority=authority,
        ready=tuple(manifest.key for manifest in made),
    )
    return made, binding


def parse_dsn(text: str, engine: str, component: str, trusted: str) -> dict[str, str]:
    """The fields of an address. `trusted`: a file of certificates that the server's is checked against, or nothing.

    Raises PreflightError, which repeats nothing of the address.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _wrong(component, engine) from None
    name = unquote(parts.path.removeprefix("/"))
    complete = host and parts.username and parts.password and name and "/" not in name
    if parts.scheme not in _SCHEMES[engine] or not complete or "," in parts.netloc:
        raise _wrong(component, engine)
    url = text.strip()
    if trusted:
        mode, strict, file = _TLS[engine]
        query = parse_qs(parts.query)
        added = [] if mode in query else [f"{mode}={strict}"]
        added += [] if file in query else [f"{file}={trusted}"]
        url += ("&" if parts.query else "?") + "&".join(added) if added else ""
    return {
        "url": url,
        "host": host or "",
        "port": str(port or PORTS[engine]),
        "name": name,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
    }


def _wrong(component: str, engine: str) -> PreflightError:
    return PreflightError(
        f"The address that runtime.account.databases.{component}.dsn refers to cannot be used.",
        hint=f"It must read {_SCHEMES[engine][0]}://USER:PASSWORD@HOST:PORT/NAME, with one host; other characters than "
        "letters, digits, -, _, . and ~ in the parts are written as %XX.",
    )
