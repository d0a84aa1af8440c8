"""A program for tests of the engine alone: an identity, and the things that `things.json` in the project lists."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pulumi

from tenantry.identity import TYPE_TOKEN

MADE_SECRET = "made-by-the-cloud"


def main() -> None:
    root = Path(os.environ["TENANTRY_ROOT"])
    things = json.loads((root / "things.json").read_text())
    stack = pulumi.get_stack()
    cloud = pulumi.ProviderResource("testcloud", "testcloud", {})
    own = pulumi.ProviderResource("tenantry", "tenantry", {})
    reported = pulumi.runtime.invoke_output("testcloud:index:account", {}, pulumi.InvokeOptions(provider=cloud))
    stamp = {
        "tenant": os.environ.get("PROBE_TENANT", "owner"),
        "instance": stack,
        "mode": os.environ["TENANTRY_MODE"],
        "runtime": os.environ.get("PROBE_RUNTIME", "testcloud"),
        "account": reported.apply(lambda found: found["account"]),
        "declaredAccount": os.environ.get("PROBE_DECLARED"),
        "template": "probe@1.0.0",
        "planFingerprint": f"sha256:{len(things)}",
    }
    identity = pulumi.CustomResource(TYPE_TOKEN, stack, stamp, pulumi.ResourceOptions(provider=own))
    for name, values in things.items():
        options = pulumi.ResourceOptions(provider=cloud, depends_on=[identity])
        pulumi.CustomResource("testcloud:index:Thing", name, {"values": values}, options)
    pulumi.export("url", "http://probe.example")
    pulumi.export("databases", pulumi.Output.secret({"main": {"PASSWORD": MADE_SECRET}}))
