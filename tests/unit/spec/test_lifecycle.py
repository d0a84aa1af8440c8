"""Suspended, retired, adopted: what the plan says of them, and which resource options follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenantry.contract.scope import Scope
from tenantry.errors import CapabilityError
from tenantry.spec.plan_json import plan_from_json

if TYPE_CHECKING:
    from typing import Literal

    import pulumi
    from tests.unit.spec.conftest import Workbench

    from tenantry.spec.plan import SecretSource

TOKEN = "adopt-" + "0" * 8 + "-" + "1" * 32


def _no_secret(_source: SecretSource) -> pulumi.Output[str]:
    raise AssertionError


def test_a_running_instance_says_so(bench: Workbench) -> None:
    plan = bench.resolve()
    assert (plan.lifecycle_state, plan.lifecycle_data, plan.adopt) == ("running", "keep", None)


def test_a_suspended_one_keeps_everything(bench: Workbench) -> None:
    plan = bench.resolve(lifecycle={"state": "suspended"})
    assert plan.lifecycle_state == "suspended"
    assert (plan.components, plan.routes) == (bench.resolve().components, bench.resolve().routes)


def test_a_runtime_that_cannot_suspend_refuses(bench: Workbench) -> None:
    with pytest.raises(CapabilityError) as caught:
        bench.resolve(bench.tenant(lifecycle={"state": "suspended"}), bench.able(suspend=None))
    assert [problem.path for problem in caught.value.problems] == ["lifecycle.state"]


def test_of_a_retired_one_only_the_data_is_left(bench: Workbench) -> None:
    plan = bench.resolve(lifecycle={"state": "retired", "data": "keep"})
    assert [component.id for component in plan.components] == ["media", "orders"]
    assert (plan.routes, plan.meters) == ((), ())
    assert plan_from_json(plan.canonical_json()) == plan


def test_the_token_is_in_the_plan(bench: Workbench) -> None:
    assert bench.resolve(lifecycle={"adopt": TOKEN}).adopt == TOKEN
    assert [problem.path for problem in bench.resolve_problems(lifecycle={"adopt": "adopt-1"})] == ["lifecycle.adopt"]


@pytest.mark.parametrize("state", ["running", "suspended", "retired"])
@pytest.mark.parametrize("data", ["keep", "delete"])
def test_options_of_data(
    bench: Workbench, state: Literal["running", "suspended", "retired"], data: Literal["keep", "delete"]
) -> None:
    import pulumi

    plan = bench.resolve(lifecycle={"state": state, "data": data})
    parent = pulumi.Resource.__new__(pulumi.Resource)
    scope = Scope(parent=parent, mode="sandbox", settings={}, sources={}, secret=_no_secret)
    options = scope.data_options(plan)
    assert options.protect is (state != "retired")
    assert options.retain_on_delete is (data == "keep")
    assert options.parent is parent
