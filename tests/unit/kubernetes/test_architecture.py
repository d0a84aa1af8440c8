"""Packages with compiled code: chosen for the account's processor, and their pods go where it is."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.catalogue.delivery import PackedSource
from tenantry.spec.plan import SourceRef
from tenantry_kubernetes.cluster import Cluster
from tenantry_kubernetes.packing import pack as real
from tenantry_kubernetes.workloads import instance

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.catalogue.platforms import Platform
    from tenantry.spec.plan import InstancePlan
    from tenantry_kubernetes.packing import Packed

REF = SourceRef(digest="sha256:" + "a" * 64, files=1, size=1)


def with_account(plan: InstancePlan, **changes: Any) -> InstancePlan:  # noqa: ANN401 - an account's values
    runtime = dataclasses.replace(plan.runtime, account={**plan.runtime.account, **changes})
    return dataclasses.replace(plan, runtime=runtime)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What services were packed for; their packages are compiled ones."""
    found: list[str] = []

    class Compiled:
        digest = REF.digest

        def archive(self) -> bytes:
            return b"x"

        def packed(self, platform: Platform | None = None) -> PackedSource:
            found.append(str(platform))
            return PackedSource(ref=REF, archive=b"x", native=platform is not None)

    def pack(component: str, _: object, bundles: str | None, platform: Platform | None = None) -> Packed:
        return real(component, {component: Compiled()}, bundles, platform)

    monkeypatch.setattr(instance, "pack", pack)
    return found


@pytest.mark.parametrize(("machine", "node"), [("x86_64", "amd64"), ("aarch64", "arm64")])
def test_pods_go_to_nodes_of_the_accounts_processor(
    plan: InstancePlan, declare: Callable[..., Any], asked: list[str], machine: str, node: str
) -> None:
    declared = declare(plan if node == "amd64" else with_account(plan, architecture=node))
    assert set(asked) == {f"python3.11 on {machine}", "None"}
    pods = {name: declared.one("Deployment", name)["spec"]["template"]["spec"] for name in ("api", "web")}
    assert pods["api"]["nodeSelector"] == {"kubernetes.io/arch": node}
    assert "nodeSelector" not in pods["web"]


def test_a_sandbox_takes_the_machine_s_own(plan: InstancePlan) -> None:
    arm = with_account(plan, architecture="arm64")
    assert Cluster.of(arm, {}).platform("python3.11").architecture == "aarch64"
    sandbox = Cluster.of(dataclasses.replace(arm, mode="sandbox"), {})
    assert sandbox.platform("python3.11").architecture == {"arm64": "aarch64"}.get(
        os.uname().machine, os.uname().machine
    )
