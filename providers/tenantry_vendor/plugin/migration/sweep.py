"""What stands behind `tenantry:index:Sweep`."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

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

from tenantry.contract.tasks import InstanceRef, SweepRequest, Sweeps
from tenantry.errors import TenantryError
from tenantry_vendor.plugin.migration.provider import installed_adapter
from tenantry_vendor.plugin.migration.run import process_environment
from tenantry_vendor.plugin.migration.schema import SWEEP
from tenantry_vendor.plugin.plain import plain_map, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi.provider.experimental.provider import (
        CheckRequest,
        CreateRequest,
        DeleteRequest,
        DiffRequest,
        ReadRequest,
        UpdateRequest,
    )

_PROPERTIES: Final = {"instance": dict, "keep": list}

log = logging.getLogger(__name__)


class SweepResource:
    """The resource type `tenantry:index:Sweep`. What it cannot remove now, the next roll removes: it never fails.

    Args:
        adapter: finds the adapter of a runtime.
    """

    def __init__(self, adapter: Callable[[str], object] = installed_adapter) -> None:
        self._adapter = adapter

    def resource_schema(self) -> dict[str, object]:
        """The type's entry in the plugin's schema."""
        return SWEEP

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Refuses inputs of a wrong shape."""
        given, later = plain_map(request.new_inputs), unknown(request.new_inputs)
        failures = [
            CheckFailure(name, f"{name} must be there, as {kind.__name__}")
            for name, kind in _PROPERTIES.items()
            if name not in later and not isinstance(given.get(name), kind)
        ]
        failures += [CheckFailure(name, "there is no such property") for name in given if name not in _PROPERTIES]
        return CheckResponse(request.new_inputs, failures)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Another set of names to keep is a change, their order is none."""
        old, new = plain_map(request.old_state), plain_map(request.new_inputs)
        if "keep" not in unknown(request.new_inputs) and _names(old) == _names(new):
            return DiffResponse(changes=False)
        detail = {"keep": PropertyDiff(PropertyDiffKind.UPDATE, input_diff=True)}
        return DiffResponse(changes=True, diffs=["keep"], detailed_diff=detail)

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Clears up after a first roll, of whatever was there before this stack."""
        if request.preview:
            return CreateResponse("", request.properties)
        new = plain_map(request.properties)
        await self._sweep(new, _names(new))
        instance = new["instance"]
        return CreateResponse(f"{instance['tenant']}/{instance['instance']}", request.properties)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Clears up after a roll."""
        if not request.preview:
            new = plain_map(request.news)
            await self._sweep(new, _names(new))
        return UpdateResponse(request.news)

    async def read(self, request: ReadRequest) -> ReadResponse:
        """What the state says; there is nothing to import."""
        return ReadResponse(request.resource_id if request.inputs else "", request.properties, request.inputs)

    async def delete(self, request: DeleteRequest) -> None:
        """Removes what nothing that still runs uses."""
        await self._sweep(plain_map(request.properties), set())

    async def _sweep(self, values: dict[str, Any], keep: set[str]) -> None:
        instance = InstanceRef(**{"region": None} | values["instance"])

        def sweep() -> None:
            adapter = self._adapter(instance.runtime)
            if isinstance(adapter, Sweeps):
                adapter.sweep(SweepRequest(instance=instance, keep=tuple(sorted(keep))), process_environment())

        try:
            await asyncio.to_thread(sweep)
        except TenantryError as error:
            log.warning("What %s used before was not cleared up: %s", instance.instance, error.message)


def _names(values: dict[str, Any]) -> set[str]:
    return {str(name) for name in values.get("keep", ())}
