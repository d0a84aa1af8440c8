"""The provider's calls against a running host: what the engine relies on."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckRequest,
    ConfigureRequest,
    CreateRequest,
    DeleteRequest,
    DiffRequest,
    InvokeRequest,
    ReadRequest,
    UpdateRequest,
)
from tenantry.errors import PreflightError, VendorError

from running import PROGRAM, packed
from tenantry_host.plugin.provider import HostProvider
from tenantry_host.plugin.values import marked, plain_map

if TYPE_CHECKING:
    from running import Running

URN = "urn:pulumi:shop::shops::tenantry:index:AppInstance$tenantry-host:index:App::api"


def inputs(program: str = PROGRAM, /, **changes: object) -> dict[str, PropertyValue]:
    digest, archive = packed({"main.py": program})
    spec: dict[str, object] = {
        "instance": "shop",
        "runtime": "python3.11",
        "source": f"sha256:{digest}",
        "archive": base64.b64encode(archive).decode(),
        "command": ["python", "main.py"],
        "environment": {"SAYS": "hello"},
        "copies": 1,
        "suspended": False,
    }
    return {name: marked(value, secret=name == "environment") for name, value in (spec | changes).items()}


def kept(values: dict[str, PropertyValue]) -> dict[str, PropertyValue]:
    return {name: value for name, value in values.items() if name != "archive"}


def configured(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> HostProvider:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    provider = HostProvider("0.1.0")
    asyncio.run(provider.configure(ConfigureRequest({}, {}, accept_secrets=True, accept_resources=True)))
    return provider


def test_a_thing_is_made_found_changed_and_removed(host: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = configured(dict(host.settings), monkeypatch)
    found = asyncio.run(provider.invoke(InvokeRequest("tenantry-host:index:getHost", {}))).return_value or {}
    assert plain_map(found)["id"] == host.send("GET", "/v1/host").json()["id"]

    given = inputs()
    for _ in range(2):  # an engine that was killed asks again
        made = asyncio.run(provider.create(CreateRequest(URN, given, 60, preview=False)))
        assert made.resource_id == "shop/api"
    assert made.properties["environment"].is_secret
    assert "archive" not in made.properties
    read = asyncio.run(provider.read(ReadRequest(URN, "shop/api", made.properties, given)))
    assert read.properties == made.properties

    assert host.app("somebody else", health=None, copies=1).is_success
    read = asyncio.run(provider.read(ReadRequest(URN, "shop/api", made.properties, given)))
    assert plain_map(read.properties)["environment"] == {"SAYS": "somebody else"}
    assert read.properties["environment"].is_secret

    broken = inputs("raise SystemExit('never')")
    with pytest.raises(VendorError, match="never") as refused:
        asyncio.run(provider.update(UpdateRequest(URN, "shop/api", made.properties, broken, 60, [], preview=False)))
    assert refused.value.vendor_code == "not_ready"

    for _ in range(2):
        asyncio.run(provider.delete(DeleteRequest(URN, "shop/api", made.properties, 60)))
    assert asyncio.run(provider.read(ReadRequest(URN, "shop/api", made.properties, given))).resource_id == ""


@pytest.mark.parametrize(
    ("changes", "diffs", "replaces"),
    [
        ({}, [], []),
        ({"archive": "other"}, [], []),
        ({"environment": {"SAYS": "bye"}}, ["environment"], []),
        ({"health": "/healthz"}, ["health"], []),
        ({"copies": 2}, ["copies"], []),
        ({"instance": "other"}, ["instance"], ["instance"]),
    ],
)
def test_diff_says_what_changes_and_what_replaces(
    changes: dict[str, object], diffs: list[str], replaces: list[str]
) -> None:
    request = DiffRequest(URN, "shop/api", kept(inputs()), inputs(**changes), [])
    found = asyncio.run(HostProvider("0.1.0").diff(request))
    assert (found.changes, found.diffs, found.replaces) == (bool(diffs), diffs, replaces)


def test_check_names_what_is_wrong() -> None:
    given = inputs(colour="red")
    del given["command"]
    found = asyncio.run(HostProvider("0.1.0").check(CheckRequest(URN, {}, given, b"")))
    assert [failure.property for failure in found.failures or []] == ["colour", "command"]


def test_a_preview_makes_nothing() -> None:
    made = asyncio.run(HostProvider("0.1.0").create(CreateRequest(URN, inputs(), 60, preview=True)))
    assert made.resource_id == ""


def test_without_a_host_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PreflightError) as error:
        configured({}, monkeypatch)
    assert "tenantry sandbox up host" in error.value.hint


def test_a_host_that_is_not_there_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_HOST_TOKEN", "any")
    provider = HostProvider("0.1.0")
    args = {"endpoint": PropertyValue("http://127.0.0.1:9")}
    asyncio.run(provider.configure(ConfigureRequest({}, args, accept_secrets=True, accept_resources=True)))
    with pytest.raises(VendorError, match="does not answer"):
        asyncio.run(provider.invoke(InvokeRequest("tenantry-host:index:getHost", {})))
