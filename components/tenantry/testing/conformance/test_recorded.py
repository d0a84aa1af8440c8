"""Rule R25: a state that an earlier version of the adapter left behind is taken over without replacing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from tenantry import registry
from tenantry.testing import record

if TYPE_CHECKING:
    from tenantry.testing.operator import Operator


def test_r25_an_old_recorded_state_previews_clean(runtime: str, operators: dict[str, Operator]) -> None:
    states = record.recorded(runtime)
    assert states, "an adapter ships the states that it has left behind: python -m tenantry.testing.record"
    operator = operators[runtime]
    for variant, file in states:
        instance = record.instance_of(variant)
        operator.new(instance, "probe@1.0.0", registry.sandbox(runtime).accounts()[variant])
        port = operator.tenantry("env", instance, "--json").json["TENANTRY_SANDBOX_HTTP_PORT"]
        settings = yaml.safe_load((operator.root / "tenant_configs" / f"Pulumi.{instance}.yaml").read_text("utf-8"))
        text = record.fitted(
            file.read_text(encoding="utf-8"),
            account=_account(operator),
            http_port=port,
            salt=settings["encryptionsalt"],
        )
        kept = operator.root / ".tenantry" / f"{instance}.json"
        kept.write_text(text, encoding="utf-8")
        operator.pulumi(instance, "stack", "import", "--file", str(kept))
        found = operator.tenantry("preview", instance, "--json", variables={"PROBE_TOKEN": record.TOKEN}).json[
            "changes"
        ]
        assert set(found) <= {"same", "update", "read"}, found
        assert found["same"] > found.get("update", 0), found


def _account(operator: Operator) -> str:
    """The fingerprint of the sandbox's account, as an instance that is really deployed there is stamped with it."""
    instance = "account-witness"
    account = next(iter(registry.sandbox(operator.runtime).accounts().values()))
    operator.new(instance, "probe@1.0.0", account)
    operator.up(instance)
    fingerprint: str = record.identity_of(operator.state(instance))["account"]
    operator.tenantry("destroy", instance, "--yes")
    return fingerprint
