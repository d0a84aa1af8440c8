"""What the adapter declares of a plan, recorded by the kit's own recorder."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any, Final

import pytest
from tenantry.testing.declare import declare, plan_of

from tenantry_host.access import SANDBOX_ENDPOINT, SANDBOX_TOKEN_FILE

SETTINGS: Final = {
    "TENANTRY_SANDBOX_HTTP_PORT": "8080",
    SANDBOX_ENDPOINT: "http://127.0.0.1:7070",
    SANDBOX_TOKEN_FILE: "/nowhere/token",
}


def declared(**changes: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401 - fields of a plan
    """Kind -> inputs of the resources that one instance of the kit's probe has."""
    plan, version = plan_of("host", "plain", SETTINGS)
    found = asyncio.run(declare(dataclasses.replace(plan, **changes), version.sources, SETTINGS))
    own = "tenantry-host:index:"
    return {one["type"].removeprefix(own): one["inputs"] for one in found if one["type"].startswith(own)}


def test_a_plan_becomes_app_site_and_routes() -> None:
    found = declared()
    assert found.keys() == {"App", "Site", "Routes"}
    assert found["App"]["command"] == ["python", "main.py"]
    assert found["App"]["copies"] == 1
    assert found["Site"]["prefixes"] == ["/"]
    assert found["Routes"]["hosts"] == ["declared.host.tenantry.localhost"]
    assert {(route["prefix"], route["component"]) for route in found["Routes"]["routes"]} == {
        ("/", "web"),
        ("/api", "api"),
    }


@pytest.mark.parametrize("state", ["running", "suspended"])
def test_a_suspended_plan_suspends_app_and_site(state: str) -> None:
    found = declared(lifecycle_state=state)
    assert {kind: found[kind]["suspended"] for kind in ("App", "Site")} == dict.fromkeys(
        ("App", "Site"), state == "suspended"
    )
    assert found["Routes"] == declared()["Routes"], "its URL stays routed: it answers 503"
