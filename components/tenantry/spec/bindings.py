"""The documented environment of each component type: the same names on every runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.spec.names import variable_prefix
from tenantry.spec.plan import ComponentField, EnvVar, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

DATABASE_FIELDS: Final[Mapping[str, bool]] = {
    "url": True,
    "host": False,
    "port": False,
    "name": False,
    "user": False,
    "password": True,
    "ca_file": False,
}
"""Fields of a database and whether they are secret. `ca_file` is a path inside the service."""

BUCKET_FIELDS: Final[Mapping[str, bool]] = {
    "endpoint": False,
    "public_endpoint": False,
    "region": False,
    "bucket": False,
    "access_key_id": False,
    "secret_access_key": True,
    "addressing": False,
}
"""Fields of a bucket and whether they are secret. `addressing`: `path`, `virtual`, `domain` (it is the bucket)."""

URL_FIELDS: Final[Mapping[str, bool]] = {"url": False}
"""The one field of a service or site that has a route."""

FIELDS: Final[Mapping[str, Mapping[str, bool]]] = {
    "service": URL_FIELDS,
    "site": URL_FIELDS,
    "database": DATABASE_FIELDS,
    "bucket": BUCKET_FIELDS,
    "schedule": {},
    "miniprogram": {},
}
"""Component type -> fields that `${COMPONENT.FIELD}` may name, and whether they are secret."""

BINDABLE: Final = ("database", "bucket")
"""Component types that `bind` may name."""


def variable(component: str, field: str) -> str:
    """`orders`, `ca_file` -> `ORDERS_CA_FILE`."""
    return f"{variable_prefix(component)}_{field.upper()}"


def binding(component: str, kind: str) -> list[EnvVar]:
    """The whole documented environment of a database or bucket."""
    return [
        EnvVar(
            name=variable(component, field),
            value=Value(parts=(ComponentField(component=component, field=field, secret=secret),)),
        )
        for field, secret in FIELDS[kind].items()
    ]
