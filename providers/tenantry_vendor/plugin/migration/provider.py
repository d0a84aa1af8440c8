"""What stands behind `tenantry:index:Migration`: it calls the runtime adapter back, found by its name."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

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

from tenantry.errors import TaskError
from tenantry_vendor.plugin.migration.rules import changed, refusals, shape_problems, work
from tenantry_vendor.plugin.migration.run import perform, process_environment
from tenantry_vendor.plugin.migration.schema import MIGRATION
from tenantry_vendor.plugin.plain import plain_map, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pulumi.provider.experimental.provider import (
        CheckRequest,
        CreateRequest,
        DeleteRequest,
        DiffRequest,
        ReadRequest,
        UpdateRequest,
    )


def installed_adapter(runtime: str) -> object:
    """The adapter of a runtime. Raises AdapterError."""
    from tenantry import registry

    return registry.runtime(runtime)


class MigrationResource:
    """The resource type `tenantry:index:Migration`.

    Args:
        adapter: finds the adapter of a runtime.
    """

    def __init__(self, adapter: Callable[[str], object] = installed_adapter) -> None:
        self._adapter = adapter
        self._cancelled = threading.Event()

    def resource_schema(self) -> dict[str, object]:
        """The type's entry in the plugin's schema."""
        return MIGRATION

    def cancel(self) -> None:
        """Stops waiting; what runs at the vendor goes on, and is found again by the next attempt."""
        self._cancelled.set()

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Refuses inputs of a wrong shape, and versions that the data no longer fits: already at preview."""
        old, new = plain_map(request.old_inputs), plain_map(request.new_inputs)
        found = shape_problems(new, unknown(request.new_inputs)) or refusals(old, new)
        return CheckResponse(request.new_inputs, [CheckFailure(name, reason) for name, reason in found])

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Only another template is a change. Raises TaskError where check was gone round."""
        old, new = plain_map(request.old_state), plain_map(request.new_inputs)
        found = refusals(old, new)
        if found:
            raise TaskError(found[0][1])
        if "template" in unknown(request.new_inputs) or not changed(old, new):
            return DiffResponse(changes=False)
        return DiffResponse(
            changes=True,
            diffs=["template"],
            detailed_diff={"template": PropertyDiff(PropertyDiffKind.UPDATE, input_diff=True)},
        )

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Runs the migrations of a first version. Raises TaskError, VendorError; then nothing is recorded."""
        if request.preview:
            return CreateResponse("", request.properties)
        new = plain_map(request.properties)
        outputs = await self._run({}, new)
        instance = new["instance"]
        return CreateResponse(f"{instance['tenant']}/{instance['instance']}", {**request.properties, **outputs})

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Runs the migrations of a later version; nothing for an earlier one. Raises TaskError, VendorError."""
        if request.preview:
            return UpdateResponse(request.news)
        old, new = plain_map(request.olds), plain_map(request.news)
        found = refusals(old, new)
        if found:
            raise TaskError(found[0][1])
        return UpdateResponse({**request.news, **await self._run(old, new)})

    async def read(self, request: ReadRequest) -> ReadResponse:
        """What the state says; there is nothing to import."""
        return ReadResponse(request.resource_id if request.inputs else "", request.properties, request.inputs)

    async def delete(self, request: DeleteRequest) -> None:
        """Nothing to delete: what was done to the data stays."""

    async def _run(self, old: Mapping[str, Any], new: dict[str, Any]) -> dict[str, PropertyValue]:
        planned = work(dict(old), new)
        self._cancelled.clear()

        def progress(_text: str) -> None:
            if self._cancelled.is_set():
                raise TaskError("The migration was interrupted.", hint="Repeat the same command: it goes on with it.")

        def perform_all() -> str:
            if not planned.tasks:
                return ""
            return perform(planned, self._adapter(planned.instance.runtime), process_environment(), progress)

        backup = await asyncio.to_thread(perform_all)
        return {
            "backup": PropertyValue(backup or str(old.get("backup", ""))),
            "generation": PropertyValue(float(old.get("generation", 0)) + 1),
        }
