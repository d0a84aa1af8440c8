"""What tenant files and templates may say of data: databases, buckets, and the volumes of both."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from tenantry_kubernetes.model_base import Component, Quantity, Strict, https


class SecretValue(Strict):
    """Exactly one of an environment variable, a file, and a key of the stack's own encrypted configuration."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    file: Annotated[str, Field(max_length=1024)] | None = None
    stack: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")] | None = None

    @model_validator(mode="after")
    def _one(self) -> SecretValue:
        if sum(each is not None for each in (self.env, self.file, self.stack)) != 1:
            raise ValueError("name exactly one of env, file and stack")
        return self


class ValueReference(Strict):
    """`{ref: {env: NAME}}`, `{ref: {file: PATH}}` or `{ref: {stack: KEY}}`."""

    ref: SecretValue


class ExternalDatabase(Strict):
    """A database that is there already. `dsn` refers to its address, `postgresql://user:password@host:port/name`.

    `ca` refers to the certificates, in PEM, that its server's is checked against; without it the query of the address
    says how TLS is used.
    """

    dsn: ValueReference
    ca: ValueReference | None = None


class OperatedDatabase(Strict):
    """A database that an operator of the cluster makes. `cloudnative-pg`: CloudNativePG, for PostgreSQL."""

    operator: Literal["cloudnative-pg"]


class ExternalBucket(Strict):
    """A bucket of an S3-compatible service, and keys for that bucket alone.

    `endpoint` is the service's address, `public_endpoint` the one that browsers reach where that is another.
    `addressing`: how the bucket stands in URLs, as `<endpoint>/<bucket>/…` (path), in the host's name (virtual), or
    the endpoint is the bucket's own host (domain).
    """

    endpoint: Annotated[str, AfterValidator(https)]
    public_endpoint: Annotated[str, AfterValidator(https)] | None = None
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$", max_length=64)] = "us-east-1"
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    addressing: Literal["path", "virtual", "domain"] = "path"
    access_key_id: ValueReference
    secret_access_key: ValueReference


class Storage(Strict):
    """Volumes for data: the StorageClass, the cluster's default without one, and sizes by component."""

    storage_class: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")] | None = Field(
        default=None, alias="class"
    )
    sizes: dict[Component, Quantity] = Field(default_factory=dict)
