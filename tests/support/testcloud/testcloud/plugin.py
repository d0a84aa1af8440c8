"""The plugin `pulumi-resource-testcloud`: things are JSON files; a create finds the file that an earlier one made."""

# ruff: noqa: ARG002 - contracts give methods more arguments than a cloud of files needs
from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    InvokeRequest,
    InvokeResponse,
    Provider,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)

from tenantry.errors import VendorError
from tenantry_vendor.plugin.serve import serve


class TestcloudProvider(Provider):
    def __init__(self) -> None:
        self.folder = Path(os.environ["TESTCLOUD_FOLDER"])
        self.delay = float(os.environ.get("TESTCLOUD_DELAY", "0"))

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        return InvokeResponse({"account": PropertyValue(os.environ.get("TESTCLOUD_ACCOUNT", "account-1"))})

    async def create(self, request: CreateRequest) -> CreateResponse:
        stack, name = request.urn.split(":")[2], request.urn.rsplit("::", 1)[-1]
        if request.preview:
            return CreateResponse("", request.properties)
        self._refuse(name)
        file = self.folder / stack / f"{name}.json"
        if not file.exists():
            with (self.folder / "bought").open("a") as bought:
                bought.write(f"{stack}/{name}\n")
        await self._write(file, request.properties)
        return CreateResponse(f"{stack}/{name}", request.properties)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        if not request.preview:
            self._refuse(request.resource_id.rsplit("/", 1)[-1])
            await self._write(self.folder / f"{request.resource_id}.json", request.news)
        return UpdateResponse(request.news)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        changed = request.old_state.get("values") != request.new_inputs.get("values")
        return DiffResponse(changes=changed, diffs=["values"] if changed else [])

    async def read(self, request: ReadRequest) -> ReadResponse:
        if not (self.folder / f"{request.resource_id}.json").exists():
            return ReadResponse("")
        return ReadResponse(request.resource_id, request.properties, request.inputs)

    async def delete(self, request: DeleteRequest) -> None:
        (self.folder / f"{request.resource_id}.json").unlink(missing_ok=True)
        await asyncio.sleep(self.delay)

    def _refuse(self, name: str) -> None:
        if name == os.environ.get("TESTCLOUD_FAIL"):
            raise VendorError(f"the cloud refuses {name} with {os.environ.get('TESTCLOUD_SAYS', 'no reason')}")

    async def _write(self, file: Path, properties: dict[str, PropertyValue]) -> None:
        store(file, properties)
        await asyncio.sleep(self.delay)


def store(file: Path, properties: dict[str, PropertyValue]) -> None:
    values = properties["values"].value
    if not isinstance(values, Mapping):
        raise TypeError(type(values).__name__)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({key: item.value for key, item in values.items()}))


if __name__ == "__main__":
    serve(TestcloudProvider(), "1.0.0", sys.argv[1:])
