"""Policies on plans and resources: the built-in ones, those that operators write, levels, waivers."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tenantry.errors import SpecError
from tenantry.policy import PolicySet, check_plan, load_policies
from tenantry.spec.plan import (
    BucketPlan,
    DatabasePlan,
    InstancePlan,
    Resources,
    RuntimePlan,
    Scale,
    ServicePlan,
    TemplateRef,
)

TODAY = dt.date(2026, 6, 15)
HEAD = "spec: tenantry/v1\nkind: Policies\n"
API = ServicePlan(
    id="api",
    source=None,
    image="registry.example/api@sha256:" + "0" * 64,
    runtime=None,
    command=("serve",),
    health="/healthz",
    resources=Resources(cpu_millis=500, memory_bytes=512 * 2**20),
    scale=Scale(min=1, max=4, concurrency=20),
    bind=(),
    env=(),
    migrate=None,
)
PUBLIC = BucketPlan(id="media", public=True)
ORDERS = DatabasePlan(id="orders", engine="postgresql", version="15", size="medium")


def plan(**changes: object) -> InstancePlan:
    """A plan that no built-in policy has anything against; unknown names are fields of every version of the plan."""
    values: dict[str, Any] = {
        "spec": "tenantry/v1",
        "tenant": "acme",
        "instance": "acme",
        "mode": "sandbox",
        "ownership": "tenant",
        "template": TemplateRef(name="shop", version="1.2.0", digest="sha256:" + "0" * 64),
        "runtime": RuntimePlan(on="kubernetes", region=None, account={}, extensions={}),
        "stores": {},
        "plan": "pro",
        "parameters": {},
        "components": (API,),
        "routes": (),
        "domains": (),
        "host": None,
        "url": None,
        "lifecycle_data": "keep",
        "labels": {"ring": "canary"},
        "meters": (),
        "overlay": None,
    }
    required = {field.name for field in dataclasses.fields(InstancePlan)}
    return InstancePlan(**{name: value for name, value in (values | changes).items() if name in required})


def policies(folder: Path, use: str = "", **python: str) -> PolicySet:
    folder.mkdir(exist_ok=True)
    (folder / "policies.yaml").write_text(HEAD + use, encoding="utf-8")
    for name, text in python.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return load_policies(folder)


def refused(found: PolicySet, made: InstancePlan, today: dt.date = TODAY) -> list[str]:
    outcome = check_plan(found, made, today=today, file="tenant_configs/acme.yaml")
    return [f"{problem.path}: {problem.message}" for problem in outcome.refused]


def test_without_a_folder_everything_is_allowed(tmp_path: Path) -> None:
    found = load_policies(tmp_path / "policies")
    assert found.applied == ()
    assert refused(found, plan(components=(PUBLIC,), lifecycle_data="delete")) == []


@pytest.mark.parametrize(
    ("use", "good", "bad", "path"),
    [
        ("no-public-bucket: {}", {}, {"components": (PUBLIC,)}, "media.public"),
        (
            "no-data-deletion: {}",
            {"lifecycle_data": "delete"},
            {"lifecycle_data": "delete", "components": (ORDERS,)},
            "lifecycle.data",
        ),
        (
            "allowed-regions: {settings: {regions: [cn-hangzhou]}}",
            {"runtime": RuntimePlan(on="one", region="cn-hangzhou", account={}, extensions={})},
            {"runtime": RuntimePlan(on="one", region="ap-shanghai", account={}, extensions={})},
            "runtime.region",
        ),
        (
            "plan-limits: {settings: {max_copies: 4}}",
            {},
            {"components": (dataclasses.replace(API, scale=Scale(min=0, max=5, concurrency=1)),)},
            "api.scale.max",
        ),
        (
            "plan-limits: {settings: {max_cpu: 0.5}}",
            {},
            {"components": (dataclasses.replace(API, resources=Resources(cpu_millis=501, memory_bytes=1)),)},
            "api.resources.cpu",
        ),
        (
            "plan-limits: {settings: {max_memory_mib: 512}}",
            {},
            {"components": (dataclasses.replace(API, resources=Resources(cpu_millis=1, memory_bytes=2**30)),)},
            "api.resources.memory",
        ),
        ("plan-limits: {settings: {max_database: small}}", {}, {"components": (ORDERS,)}, "orders.size"),
        ("naming: {settings: {instance: 'ac.*'}}", {}, {"instance": "globex"}, "instance"),
        ("required-labels: {settings: {labels: [ring]}}", {}, {"labels": {}}, "labels"),
        ("required-labels: {settings: {labels: {ring: [canary]}}}", {}, {"labels": {"ring": "wide"}}, "labels.ring"),
    ],
)
def test_built_in(tmp_path: Path, use: str, good: dict[str, Any], bad: dict[str, Any], path: str) -> None:
    found = policies(tmp_path / "policies", f"use:\n  {use}\n")
    assert refused(found, plan(**good)) == []
    (said,) = refused(found, plan(**bad))
    assert said.startswith(f"{path}: ")
    assert f"[{use.partition(':')[0]}]" in said


def test_levels(tmp_path: Path) -> None:
    made = plan(components=(PUBLIC,))
    advisory = policies(tmp_path / "one", "use: {no-public-bucket: {level: advisory}}\n")
    outcome = check_plan(advisory, made, today=TODAY, file="acme.yaml")
    assert (len(outcome.refused), len(outcome.advised)) == (0, 1)
    off = policies(tmp_path / "two", "use: {no-public-bucket: {level: 'off'}}\n")
    assert check_plan(off, made, today=TODAY, file="acme.yaml").advised == ()


def test_a_waiver_ends(tmp_path: Path) -> None:
    found = policies(
        tmp_path / "policies",
        "use: {no-public-bucket: {}}\nwaivers:\n"
        "  - {policy: no-public-bucket, instance: acme, until: 2026-06-15, reason: a launch, approved_by: Ada}\n",
    )
    made = plan(components=(PUBLIC,))
    assert refused(found, made) == []
    assert len(check_plan(found, made, today=TODAY, file="acme.yaml").waived) == 1
    (said,) = refused(found, made, TODAY + dt.timedelta(days=1))
    assert said.endswith("its waiver ended on 2026-06-15")
    (other,) = refused(found, dataclasses.replace(made, instance="globex"))
    assert "waiver" not in other


OWN = """
from tenantry.policy import Violation, plan_policy, resource_policy

@plan_policy("no-fridays", "No shop on Fridays.", settings=["word"])
def no_fridays(plan, settings):
    if settings.get("word") in plan.labels.values():
        yield Violation("labels", "Friday", "wait")

@resource_policy("no-probe", "No probes.", types=["probe:*"])
def no_probe(type_, name, inputs, settings):
    if inputs.get("open"):
        yield Violation("open", f"{name} is open")
"""


def test_an_operators_own(tmp_path: Path) -> None:
    found = policies(tmp_path / "policies", "use: {no-fridays: {settings: {word: canary}}}\n", own=OWN)
    assert [applied.policy.name for applied in found.applied] == ["no-fridays", "no-probe"]
    assert refused(found, plan()) == ["labels: Friday [no-fridays]"]


def test_a_policy_that_fails_lets_nothing_pass(tmp_path: Path) -> None:
    own = OWN.replace('yield Violation("labels", "Friday", "wait")', "1 / 0")
    found = policies(tmp_path / "policies", "use: {no-fridays: {settings: {word: canary}}}\n", own=own)
    (said,) = refused(found, plan())
    assert "the policy itself failed: ZeroDivisionError" in said


@pytest.mark.parametrize(
    ("use", "python", "message"),
    [
        ("use: {no-public-buckets: {}}\n", "", "no policy `no-public-buckets`"),
        ("use: {allowed-regions: {settings: {region: [one]}}}\n", "", "no setting `region` here"),
        ("use: {no-public-bucket: {level: strict}}\n", "", "expected"),
        (
            "waivers: [{policy: nothing-such, instance: acme, until: 2026-01-01, reason: r, approved_by: a}]\n",
            "",
            "no policy",
        ),
        (
            "waivers: [{policy: naming, instance: acme, until: never, reason: r, approved_by: a}]\n",
            "",
            "a date such as",
        ),
        ("waivers: [{policy: naming, instance: acme, reason: r, approved_by: a}]\n", "", "`until` is missing"),
        ("", "import nothing_such\n", "cannot be run: ModuleNotFoundError"),
        ("", "def broken(:\n", "cannot be run: SyntaxError"),
        ("", OWN.replace("no-fridays", "no-public-bucket"), "already a policy"),
        ("- a list\n", "", ""),
    ],
)
def test_mistakes(tmp_path: Path, use: str, python: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        policies(tmp_path / "policies", use, own=python)
    assert message in str(caught.value)
    assert "policies/" in str(caught.value)


PROGRAM = """
import datetime as dt, json, sys
from pathlib import Path
import pulumi
from tenantry.errors import PolicyError
from tenantry.policy import load_policies
from tenantry.policy.transform import register

opened, later = json.loads(sys.argv[2])
made = []

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        made.append(args.name)
        return args.name, args.inputs
    def call(self, args):
        raise AssertionError(args.token)

class Probe(pulumi.CustomResource):
    def __init__(self, name, value):
        super().__init__("probe:index:Probe", name, {"open": value})

pulumi.runtime.set_mocks(Mocks(), project="probe", stack="acme")
found = load_policies(Path(sys.argv[1]))

@pulumi.runtime.test
def program():
    register(found, "acme", today=dt.date(2026, 6, 15))
    return Probe("one", pulumi.Output.from_input(opened) if later else opened).urn

refused = ""
try:
    program()
except (PolicyError, pulumi.RunError) as error:
    refused = f"{type(error).__name__}: {error}"
print(json.dumps({"made": made, "refused": refused}))
"""


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("later", [False, True])
def test_resources(tmp_path: Path, opened: bool, later: bool) -> None:
    """In a process of its own: the SDK's mocks leave event loops and threads behind."""
    policies(tmp_path / "policies", "", own=OWN)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "policies"), json.dumps([opened, later])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    if opened:
        assert found["made"] == []
        assert found["refused"].startswith("RunError" if later else "PolicyError")
        assert "one is open" in found["refused"]
    else:
        assert found == {"made": ["one"], "refused": ""}


def test_the_policies_of_the_docs(tmp_path: Path) -> None:
    """The two files of the page are used as they stand there."""
    page = (Path(__file__).parents[3] / "docs/en/policies.md").read_text(encoding="utf-8")
    settings = page.partition("```yaml\n")[2].partition("```")[0]
    house = page.partition("```python\n")[2].partition("```")[0]
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "policies.yaml").write_text(
        settings.replace("use:\n", "use:\n  two-copies: {settings: {plans: [pro]}}\n"), encoding="utf-8"
    )
    (folder / "house.py").write_text(house, encoding="utf-8")
    found = load_policies(folder)
    assert {"two-copies", "no-load-balancer", "plan-limits"} <= {applied.policy.name for applied in found.applied}
    assert refused(found, plan()) == ["api.scale.min: one copy is not enough [two-copies]"]
