"""What a checked plan says of data, as plain values: see `account`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from tenantry.spec.plan import SecretSource

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalDatabase:
    """A database that is there already: where its address is read, and the certificates of its authority."""

    dsn: SecretSource
    ca: SecretSource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatedDatabase:
    """A database that an operator of the cluster makes."""

    operator: Literal["cloudnative-pg"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalBucket:
    """A bucket of an S3-compatible service, and where the keys for it are read."""

    endpoint: str
    public_endpoint: str
    region: str
    bucket: str
    addressing: Literal["path", "virtual", "domain"]
    access_key_id: SecretSource
    secret_access_key: SecretSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Volumes for data: the StorageClass, None for the cluster's default, and sizes by component."""

    storage_class: str | None = None
    sizes: Mapping[str, str] = field(default_factory=dict)


def given_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """What is said. A null says nothing."""
    return {name: value for name, value in data.items() if value is not None}


def database_of(given: Mapping[str, Any]) -> ExternalDatabase | OperatedDatabase:
    """A database as an account says it."""
    if "operator" in given:
        return OperatedDatabase(operator=given["operator"])
    return ExternalDatabase(dsn=_source(given["dsn"]), ca=_source(given["ca"]) if "ca" in given else None)


def bucket_of(given: Mapping[str, Any]) -> ExternalBucket:
    """A bucket as an account says it."""
    endpoint = given["endpoint"].rstrip("/")
    return ExternalBucket(
        endpoint=endpoint,
        public_endpoint=given.get("public_endpoint", endpoint).rstrip("/"),
        region=given.get("region", "us-east-1"),
        bucket=given["bucket"],
        addressing=given.get("addressing", "path"),
        access_key_id=_source(given["access_key_id"]),
        secret_access_key=_source(given["secret_access_key"]),
    )


def storage_of(given: Mapping[str, Any]) -> Storage:
    """Volumes as an account says them."""
    return Storage(storage_class=given.get("class", given.get("storage_class")), sizes=given.get("sizes", {}))


def _source(reference: Mapping[str, Any]) -> SecretSource:
    ((kind, name),) = given_of(reference["ref"]).items()
    return SecretSource(kind=cast("Literal['env', 'file', 'stack']", kind), name=name)
