"""What stands behind `tenantry:index:Credential`. The value lives in the stack's state alone, as a secret."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckResponse,
    CreateResponse,
    DiffResponse,
    PropertyDiff,
    PropertyDiffKind,
    ReadResponse,
    UpdateResponse,
)

from tenantry.errors import EngineError
from tenantry_vendor.plugin.credential.rules import USUAL, make, problems
from tenantry_vendor.plugin.values import not_yet, plain, text, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi.provider.experimental.provider import (
        CheckRequest,
        CreateRequest,
        DeleteRequest,
        DiffRequest,
        ReadRequest,
        UpdateRequest,
    )


class CredentialResource:
    """The resource type `tenantry:index:Credential`."""

    def resource_schema(self) -> dict[str, object]:
        """The type's entry in the plugin's schema."""
        inputs: dict[str, object] = {
            "of": {"type": "string", "description": "What the credential opens; it never changes."},
            "length": {"type": "integer", "description": f"Characters of a value that is made; {USUAL} by default."},
            "given": {"type": "string", "secret": True, "description": "A value to take instead of making one."},
        }
        value = {"type": "string", "secret": True, "description": "The value: made once, and kept."}
        return {
            "description": "A random value that is made once and kept in the stack's state as a secret.",
            "inputProperties": inputs,
            "requiredInputs": ["of"],
            "properties": inputs | {"value": value},
            "required": ["of", "value"],
        }

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Refuses inputs of a wrong shape, and a credential for something else than it was made for."""
        found = problems(plain(request.old_inputs), plain(request.new_inputs), unknown(request.new_inputs))
        inputs = dict(request.new_inputs)
        if "given" in inputs:
            inputs["given"] = PropertyValue(inputs["given"].value, is_secret=True)
        return CheckResponse(inputs, [CheckFailure(name, reason) for name, reason in found])

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Only another given value changes anything: what was made is kept, whatever else is said."""
        given = plain(request.new_inputs).get("given")
        changed = "given" in unknown(request.new_inputs) or (
            given is not None and given != plain(request.old_state).get("value")
        )
        return DiffResponse(
            changes=changed,
            diffs=["given"] if changed else [],
            stables=["of"] if changed else ["of", "value"],
            detailed_diff={"given": PropertyDiff(PropertyDiffKind.UPDATE, input_diff=True)} if changed else {},
        )

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Takes the given value, or makes one. A preview makes none."""
        said = plain(request.properties)
        given = said.get("given")
        if given is None and (request.preview or "given" in unknown(request.properties)):
            return CreateResponse("", {**request.properties, **not_yet(["value"])})
        length = said.get("length", USUAL)
        value = given if isinstance(given, str) else make(length if isinstance(length, int | float) else USUAL)
        # Not the value's hash or any other trace of it: ids are shown.
        return CreateResponse(uuid.uuid4().hex, {**request.properties, "value": text(value, secret=True)})

    async def read(self, request: ReadRequest) -> ReadResponse:
        """What the state says. There is nothing to import from: no such resource."""
        if not request.properties:
            return ReadResponse("")
        return ReadResponse(request.resource_id, _kept_secret(request.properties), request.inputs)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Takes another given value; else keeps the one that is. Raises EngineError where the state has none."""
        given = plain(request.news).get("given")
        if "given" in unknown(request.news):
            return UpdateResponse({**request.news, **not_yet(["value"])})
        value = given if given is not None else plain(request.olds).get("value")
        if not isinstance(value, str):
            raise EngineError(
                f"The state of the credential {request.name} holds no value.",
                hint="Restore the stack's state from its history; a new value would not open what the old one opened.",
            )
        return UpdateResponse({**request.news, "value": text(value, secret=True)})

    async def delete(self, request: DeleteRequest) -> None:
        """Nothing to delete outside the state."""


def _kept_secret(values: Mapping[str, PropertyValue]) -> dict[str, PropertyValue]:
    return {
        name: PropertyValue(value.value, is_secret=True) if name in {"value", "given"} else value
        for name, value in values.items()
    }
