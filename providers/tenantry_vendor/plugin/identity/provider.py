"""The provider behind `tenantry:index:Identity`. It keeps nothing outside the stack's state and calls nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pulumi.provider.experimental.property_value import PropertyValue, PropertyValueType
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckResponse,
    CreateResponse,
    DiffResponse,
    GetSchemaResponse,
    PropertyDiff,
    PropertyDiffKind,
    Provider,
    ReadResponse,
    UpdateResponse,
)

from tenantry.errors import EngineError, IdentityError
from tenantry_vendor.plugin.identity.refusals import FIXED, PROPERTIES, refusals, shape_problems
from tenantry_vendor.plugin.identity.schema import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi.provider.experimental.provider import (
        CheckRequest,
        CreateRequest,
        DeleteRequest,
        DiffRequest,
        GetSchemaRequest,
        ReadRequest,
        UpdateRequest,
    )

_TYPE: Final = "tenantry:index:Identity"
_IMPORTED: Final = "imported"


class IdentityProvider(Provider):
    """Full provider of one resource type; other types are refused."""

    def __init__(self, version: str) -> None:
        self._version = version

    async def get_schema(self, request: GetSchemaRequest) -> GetSchemaResponse:
        """The schema; raises EngineError for a schema format that does not exist."""
        if request.version not in {0, 1}:
            raise EngineError(
                f"The plugin tenantry has no schema of version {request.version}.", hint="Upgrade Tenantry."
            )
        return GetSchemaResponse(schema(self._version))

    async def check_config(self, request: CheckRequest) -> CheckResponse:
        """Refuses any configuration but the version that the engine adds."""
        failures = [
            CheckFailure(name, f"the provider takes no configuration, and {name!r} was given")
            for name in request.new_inputs
            if name != "version"
        ]
        return CheckResponse(request.new_inputs, failures)

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Refuses inputs of a wrong shape and every other identity than the stack already has."""
        _known(request.type)
        old, new = _plain(request.old_inputs), _plain(request.new_inputs)
        unknown = frozenset(name for name, value in request.new_inputs.items() if _unknown(value))
        found = shape_problems(new, unknown) or refusals(old, new, unknown)
        return CheckResponse(request.new_inputs, [CheckFailure(name, reason) for name, reason in found])

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Template and plan may change in place. Raises IdentityError where check was gone round."""
        _known(request.type)
        old, new = _plain(request.old_state), _plain(request.new_inputs)
        unknown = frozenset(name for name, value in request.new_inputs.items() if _unknown(value))
        found = refusals(old, new, unknown)
        if found:
            raise IdentityError(found[0][1])
        ignored = set(request.ignore_changes)
        changed = [
            name
            for name in PROPERTIES
            if name not in ignored and name not in unknown and old.get(name) != new.get(name)
        ]
        return DiffResponse(
            changes=bool(changed),
            diffs=changed,
            stables=[name for name in FIXED if name not in unknown],
            detailed_diff={
                name: PropertyDiff(_kind(old.get(name), new.get(name)), input_diff=True) for name in changed
            },
        )

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Stamps the stack; the id names the whole identity, so that it can be imported again."""
        _known(request.type)
        if any(_unknown(value) for value in request.properties.values()):
            return CreateResponse("", request.properties)
        plain = _plain(request.properties)
        return CreateResponse("/".join(str(plain[name]) for name in FIXED), request.properties)

    async def read(self, request: ReadRequest) -> ReadResponse:
        """What the state says; for an import, what the id says. No such resource: an empty id."""
        _known(request.type)
        if request.inputs:
            return ReadResponse(request.resource_id, request.properties or request.inputs, request.inputs)
        parts = request.resource_id.split("/")
        if len(parts) != len(FIXED) or not all(parts):
            return ReadResponse("")
        values = dict(zip(FIXED, parts, strict=True)) | {"template": _IMPORTED, "planFingerprint": _IMPORTED}
        inputs = {name: PropertyValue(value) for name, value in values.items()}
        return ReadResponse(request.resource_id, inputs, inputs)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Takes the new template and plan. Raises IdentityError where check was gone round."""
        _known(request.type)
        found = refusals(_plain(request.olds), _plain(request.news), frozenset())
        if found and not request.preview:
            raise IdentityError(found[0][1])
        return UpdateResponse(request.news)

    async def delete(self, request: DeleteRequest) -> None:
        """Nothing to delete outside the state."""
        _known(request.type)


def _known(token: str) -> None:
    if token.rsplit("$", 1)[-1] != _TYPE:
        raise EngineError(f"The plugin tenantry has no resource type {token!r}.", hint=f"It has: {_TYPE}")


def _unknown(value: PropertyValue) -> bool:
    return value.type is PropertyValueType.COMPUTED


def _plain(values: Mapping[str, PropertyValue]) -> dict[str, object]:
    return {name: value.value for name, value in values.items() if value.value is not None}


def _kind(old: object, new: object) -> PropertyDiffKind:
    if old is None:
        return PropertyDiffKind.ADD
    return PropertyDiffKind.DELETE if new is None else PropertyDiffKind.UPDATE
