"""The provider of the plugin `tenantry`: one process for all resource types of our own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pulumi.provider.experimental.provider import CheckFailure, CheckResponse, GetSchemaResponse, Provider

from tenantry.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi.provider.experimental.provider import (
        CheckRequest,
        CreateRequest,
        CreateResponse,
        DeleteRequest,
        DiffRequest,
        DiffResponse,
        GetSchemaRequest,
        ReadRequest,
        ReadResponse,
        UpdateRequest,
        UpdateResponse,
    )


class OwnResource(Protocol):
    """One resource type. The methods are those of a provider; requests for other types never arrive."""

    def resource_schema(self) -> dict[str, object]:
        """The type's entry in the plugin's schema: its properties and which of them must be there."""
        ...

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Refuses inputs that cannot be taken."""
        ...

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """What changes."""
        ...

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Makes the resource; does nothing at preview."""
        ...

    async def read(self, request: ReadRequest) -> ReadResponse:
        """What stands."""
        ...

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Changes the resource in place; does nothing at preview."""
        ...

    async def delete(self, request: DeleteRequest) -> None:
        """Takes the resource away."""
        ...


@runtime_checkable
class Cancellable(Protocol):
    """A resource type whose work takes long."""

    def cancel(self) -> None:
        """Ends running work soon; it must be possible to take it up again."""
        ...


class OwnProvider(Provider):
    """Gives every request to the resource type that it is for; other types are refused."""

    def __init__(self, version: str, resources: Mapping[str, OwnResource]) -> None:
        self._version = version
        self._resources = resources

    async def get_schema(self, request: GetSchemaRequest) -> GetSchemaResponse:
        """The schema; raises EngineError for a schema format that does not exist."""
        if request.version not in {0, 1}:
            raise EngineError(
                f"The plugin tenantry has no schema of version {request.version}.", hint="Upgrade Tenantry."
            )
        return GetSchemaResponse(
            json.dumps(
                {
                    "name": "tenantry",
                    "version": self._version,
                    "displayName": "Tenantry",
                    "description": "What an app instance's stack needs beside its vendor's resources.",
                    "license": "Apache-2.0",
                    "meta": {"moduleFormat": "(.*)"},
                    "provider": {"description": "Takes no configuration.", "properties": {}},
                    "resources": {token: resource.resource_schema() for token, resource in self._resources.items()},
                },
                indent=2,
            )
        )

    async def check_config(self, request: CheckRequest) -> CheckResponse:
        """Refuses any configuration but the version that the engine adds."""
        failures = [
            CheckFailure(name, f"the provider takes no configuration, and {name!r} was given")
            for name in request.new_inputs
            if name != "version"
        ]
        return CheckResponse(request.new_inputs, failures)

    async def check(self, request: CheckRequest) -> CheckResponse:
        """As `OwnResource`; so are the other methods."""
        return await self._of(request.type).check(request)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """See `check`."""
        return await self._of(request.type).diff(request)

    async def create(self, request: CreateRequest) -> CreateResponse:
        """See `check`."""
        return await self._of(request.type).create(request)

    async def read(self, request: ReadRequest) -> ReadResponse:
        """See `check`."""
        return await self._of(request.type).read(request)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """See `check`."""
        return await self._of(request.type).update(request)

    async def delete(self, request: DeleteRequest) -> None:
        """See `check`."""
        await self._of(request.type).delete(request)

    async def cancel(self) -> None:
        """Passes the engine's wish on to every resource type that can stop."""
        for resource in self._resources.values():
            if isinstance(resource, Cancellable):
                resource.cancel()

    def _of(self, token: str) -> OwnResource:
        found = self._resources.get(token.rsplit("$", 1)[-1])
        if found is None:
            raise EngineError(
                f"The plugin tenantry has no resource type {token!r}.", hint=f"It has: {', '.join(self._resources)}"
            )
        return found
