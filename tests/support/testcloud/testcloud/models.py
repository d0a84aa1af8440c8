"""The models of the cloud of files; not imported where a kept plan is deployed."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Account(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    declared: str | None = None


class Extensions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
