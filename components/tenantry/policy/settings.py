"""`policies/policies.yaml`: which policies apply, how strictly, and which waivers hold until when."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue
from pydantic_core import PydanticCustomError

from tenantry.spec.base import Id, Line, Model, SpecFile

PolicyName = Annotated[str, Field(pattern=r"^[a-z](-?[a-z0-9])*$", min_length=3, max_length=60)]


def _real(value: str) -> str:
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError(
            "date", "expected a date such as 2026-12-31", {"hint": "a waiver without an end is not possible"}
        ) from None
    return value


Date = Annotated[str, AfterValidator(_real), Field(json_schema_extra={"format": "date"})]


class PolicyUse(Model):
    """How one policy applies in this project."""

    level: Literal["mandatory", "advisory", "off"] | None = Field(
        default=None, description="How strictly; the policy's own level where it is left out."
    )
    settings: dict[str, JsonValue] = Field(default_factory=dict, description="The policy's own settings.")


class Waiver(Model):
    """One policy, one instance, until a day: also how a deletion of data is approved."""

    policy: PolicyName = Field(description="Name of the policy.")
    instance: Id = Field(description="The instance for which it does not hold.")
    until: Date = Field(description="The last day on which the waiver holds, in UTC.")
    reason: Line = Field(description="Why.")
    approved_by: Line = Field(description="Who allowed it.")

    def days_left(self, today: dt.date) -> int:
        """Days after `today` on which it still holds; negative once it has ended."""
        return (dt.date.fromisoformat(self.until) - today).days


class Policies(SpecFile):
    """The policies of a project."""

    model_config = ConfigDict(title="Policies")

    spec: Literal["tenantry/v1"] = Field(description="Version of the spec.")
    kind: Literal["Policies"] = Field(description="What the file describes.")
    use: dict[PolicyName, PolicyUse] = Field(
        default_factory=dict, description="Policies by name; those in the folder's Python files apply by themselves."
    )
    waivers: Annotated[tuple[Waiver, ...], Field(max_length=10_000)] = Field(
        default=(), description="Exceptions, each with an end."
    )
