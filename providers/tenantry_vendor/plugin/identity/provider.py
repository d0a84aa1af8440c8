"""What stands behind `tenantry:index:Identity`. It keeps nothing outside the stack's state and calls nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pulumi.provider.experimental.property_value import PropertyValue, PropertyValueType
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

from tenantry.errors import IdentityError
from tenantry_vendor.plugin.identity.refusals import FIXED, PREVIOUS, PROPERTIES, refusals, shape_problems
from tenantry_vendor.plugin.identity.schema import schema

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

_IMPORTED: Final = "imported"


class IdentityResource:
    """The resource type `tenantry:index:Identity`."""

    def resource_schema(self) -> dict[str, object]:
        """The type's entry in the plugin's schema."""
        return schema()

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Refuses inputs of a wrong shape and every other identity than the stack already has."""
        old, new = _plain(request.old_inputs), _plain(request.new_inputs)
        unknown = frozenset(name for name, value in request.new_inputs.items() if _unknown(value))
        found = shape_problems(new, unknown) or refusals(old, new, unknown)
        return CheckResponse(request.new_inputs, [CheckFailure(name, reason) for name, reason in found])

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Template and plan may change in place. Raises IdentityError where check was gone round."""
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
        if any(_unknown(value) for value in request.properties.values()):
            return CreateResponse("", request.properties)
        plain = _plain(request.properties)
        return CreateResponse("/".join(str(plain[name]) for name in FIXED), request.properties)

    async def read(self, request: ReadRequest) -> ReadResponse:
        """What the state says; for an import, what the id says. No such resource: an empty id."""
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
        found = refusals(_plain(request.olds), _plain(request.news), frozenset())
        if found and not request.preview:
            raise IdentityError(found[0][1])
        return UpdateResponse(_with_previous(request.olds, request.news))

    async def delete(self, request: DeleteRequest) -> None:
        """Nothing to delete outside the state."""


def _with_previous(olds: Mapping[str, PropertyValue], news: Mapping[str, PropertyValue]) -> dict[str, PropertyValue]:
    """The new state, which remembers the version before."""
    before, now = olds.get("template"), news.get("template")
    previous = olds.get(PREVIOUS)
    if before is not None and now is not None and str(before.value) not in {str(now.value), _IMPORTED}:
        previous = before
    return dict(news) if previous is None else {**news, PREVIOUS: previous}


def _unknown(value: PropertyValue) -> bool:
    return value.type is PropertyValueType.COMPUTED


def _plain(values: Mapping[str, PropertyValue]) -> dict[str, object]:
    return {name: value.value for name, value in values.items() if value.value is not None}


def _kind(old: object, new: object) -> PropertyDiffKind:
    if old is None:
        return PropertyDiffKind.ADD
    return PropertyDiffKind.DELETE if new is None else PropertyDiffKind.UPDATE
