"""Typed references to secrets. A secret's value never stands in a file of the spec."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from tenantry.spec import names
from tenantry.spec.base import Model, exactly_one, one_of_schema
from tenantry.spec.plan import SecretSource

_KINDS: Final = ("env", "file", "stack", "broker")


class Reference(Model):
    """Where a secret comes from: exactly one of the four."""

    model_config = ConfigDict(json_schema_extra=one_of_schema(_KINDS))

    env: Annotated[str, StringConstraints(pattern=names.ENV_NAME, max_length=128)] | None = Field(
        default=None,
        description="Name of an environment variable; for cloud credentials the common beginning of several.",
    )
    file: Annotated[str, StringConstraints(pattern=names.FILE_PATH, max_length=1024)] | None = Field(
        default=None, description="Path of a file, relative to the project's root."
    )
    stack: Annotated[str, StringConstraints(pattern=names.CONFIG_KEY, max_length=128)] | None = Field(
        default=None, description="Key of the stack's own encrypted configuration."
    )
    broker: Annotated[str, StringConstraints(pattern=names.ID, min_length=3, max_length=40)] | None = Field(
        default=None, description="Name of a token broker."
    )

    @model_validator(mode="after")
    def _one(self) -> Reference:
        exactly_one(self, _KINDS)
        return self

    def to_source(self) -> SecretSource:
        """The reference as a plan carries it."""
        for kind in _KINDS:
            name = getattr(self, kind)
            if name is not None:
                return SecretSource(kind=kind, name=name)
        raise AssertionError("exactly one is set")


class SecretRef(Model):
    """A reference to a secret: `{ref: {env: NAME}}`."""

    ref: Reference = Field(description="Where the secret comes from.")

    def to_source(self) -> SecretSource:
        """The reference as a plan carries it."""
        return self.ref.to_source()
