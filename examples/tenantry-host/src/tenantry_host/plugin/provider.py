"""The provider: every call can be repeated, and a create takes over what an earlier, killed one made."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any, Final

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckResponse,
    ConfigureResponse,
    CreateResponse,
    DiffResponse,
    GetSchemaResponse,
    InvokeResponse,
    PropertyDiff,
    PropertyDiffKind,
    Provider,
    ReadResponse,
    UpdateResponse,
)
from tenantry.errors import EngineError

from tenantry_host.access import Access
from tenantry_host.plugin.client import Client
from tenantry_host.plugin.schema import FIXED, KINDS, schema
from tenantry_host.plugin.values import marked, plain, plain_map, unknown

if TYPE_CHECKING:
    from pulumi.provider.experimental.provider import (
        CheckRequest,
        ConfigureRequest,
        CreateRequest,
        DeleteRequest,
        DiffRequest,
        GetSchemaRequest,
        InvokeRequest,
        ReadRequest,
        UpdateRequest,
    )

_ARCHIVE: Final = "archive"
"""An input that carries bytes to the host; `source` says what they are, so it is neither compared nor kept."""

Properties = dict[str, PropertyValue]


class HostProvider(Provider):
    """App, Site and Routes, and the function getHost."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._client: Client | None = None

    async def get_schema(self, request: GetSchemaRequest) -> GetSchemaResponse:  # noqa: ARG002 - one schema for all
        """The schema."""
        return GetSchemaResponse(schema(self._version))

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        """Finds the host. Raises PreflightError where neither the inputs nor the environment name one."""
        given = plain_map(request.args)
        self._client = Client(Access.find(os.environ, given.get("endpoint"), given.get("tokenFile")))
        return ConfigureResponse(accept_secrets=True, supports_preview=True, accept_outputs=True)

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        """Asks the host who it is."""
        if not request.tok.endswith(":getHost"):
            raise EngineError(f"The plugin has no function {request.tok!r}.", hint="It has getHost.")
        found = await self._host.host()
        return InvokeResponse({name: PropertyValue(str(text)) for name, text in found.items()})

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Refuses inputs that the kind does not have, or lacks."""
        kind = _kind(request.type)
        strange = sorted(set(request.new_inputs) - set(kind.inputs))
        failures = [CheckFailure(name, f"{kind.title} has no input {name!r}") for name in strange]
        given = request.new_inputs
        failures += [
            CheckFailure(name, f"{kind.title} needs {name!r}")
            for name in kind.required
            if name not in given or (given[name].value is None and not unknown(given[name]))
        ]
        return CheckResponse(given, failures)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """What differs from what was last put; another instance is another thing."""
        old, new = plain_map(request.old_state), request.new_inputs
        names = [name for name in _kind(request.type).inputs if name != _ARCHIVE]
        changed = [name for name in names if _differs(old.get(name), new.get(name))]
        changed = [name for name in changed if name not in request.ignore_changes]
        return DiffResponse(
            changes=bool(changed),
            replaces=[name for name in changed if name in FIXED],
            diffs=changed,
            detailed_diff={name: PropertyDiff(_how(name, old, new), input_diff=True) for name in changed},
        )

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Puts the thing; the id is `instance/name`."""
        kept = _kept(request.properties)
        if request.preview:
            return CreateResponse("", kept)
        instance = str(plain(request.properties["instance"]))
        await self._put(request.type, instance, request.name, request.properties)
        return CreateResponse(f"{instance}/{request.name}", kept)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Puts the thing again; the host takes the new one into use when it answers, and keeps the old one else."""
        if not request.preview:
            instance, name = request.resource_id.split("/", 1)
            await self._put(request.type, instance, name, request.news)
        return UpdateResponse(_kept(request.news))

    async def read(self, request: ReadRequest) -> ReadResponse:
        """What the host has; an empty id where it has nothing."""
        instance, _, name = request.resource_id.partition("/")
        kind = _kind(request.type)
        found = await self._host.get(kind.path, instance, name) if name else None
        if found is None:
            return ReadResponse("")
        properties, inputs = dict(request.properties), dict(request.inputs)
        for key, value in (found | {"instance": instance}).items():
            if key not in properties or plain(properties[key]) != value:
                properties[key] = inputs[key] = marked(value, secret=key == "environment")
        return ReadResponse(request.resource_id, properties, inputs)

    async def delete(self, request: DeleteRequest) -> None:
        """Removes the thing and what only it used."""
        instance, name = request.resource_id.split("/", 1)
        await self._host.delete(_kind(request.type).path, instance, name)

    @property
    def _host(self) -> Client:
        if self._client is None:
            raise EngineError("The plugin was not configured.", hint="Report this.")
        return self._client

    async def _put(self, token: str, instance: str, name: str, properties: Properties) -> None:
        spec = {key: value for key, value in plain_map(properties).items() if key not in {"instance", _ARCHIVE}}
        if _ARCHIVE in properties:
            archive = base64.b64decode(str(plain(properties[_ARCHIVE])))
            await self._host.give_source(str(spec["source"]), archive)
        await self._host.put(_kind(token).path, instance, name, spec)


def _kind(token: str) -> Any:  # noqa: ANN401 - an entry of KINDS
    found = KINDS.get(token.rsplit("$", 1)[-1].rsplit(":", 1)[-1])
    if found is None:
        raise EngineError(f"The plugin has no resource type {token!r}.", hint=f"It has: {', '.join(KINDS)}")
    return found


def _kept(properties: Properties) -> Properties:
    return {name: value for name, value in properties.items() if name != _ARCHIVE}


def _differs(old: object, new: PropertyValue | None) -> bool:
    if new is None:
        return old is not None
    return unknown(new) or plain(new) != old


def _how(name: str, old: dict[str, Any], new: Properties) -> PropertyDiffKind:
    replaces = name in FIXED
    if name not in old:
        return PropertyDiffKind.ADD_REPLACE if replaces else PropertyDiffKind.ADD
    if name not in new or (new[name].value is None and not unknown(new[name])):
        return PropertyDiffKind.DELETE_REPLACE if replaces else PropertyDiffKind.DELETE
    return PropertyDiffKind.UPDATE_REPLACE if replaces else PropertyDiffKind.UPDATE
