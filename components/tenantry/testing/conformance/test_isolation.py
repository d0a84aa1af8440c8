"""Rules R20 to R24, R26, R27 and R39: nothing is shared between two tenants, and a stack stays what it is."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest

from tenantry import registry
from tenantry.contract.runtime import Permission
from tenantry.contract.sandbox import LimitedAccess
from tenantry.testing.operator import Operator, eventually, get, unchanged

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKENS = {"pair-one": "kit-token-one-55d1", "pair-two": "kit-token-two-91ce", "pair-three": "kit-token-three-c03f"}
PLAIN_UP = ("up", "--yes", "--skip-preview", "--non-interactive")
OVERLAID = "as this tenant has it"
VERSIONS = {"pair-one": "1.0.0", "pair-two": "1.1.0", "pair-three": "1.2.0"}


class Neighbours:
    """Tenants of one template, each on another version of it, deployed at the same time."""

    def __init__(self, operator: Operator, account: dict[str, Any]) -> None:
        self.operator = operator
        self.account = account
        self.outputs: dict[str, dict[str, Any]] = {}

    def deploy(self) -> None:
        """All of them; the last one under plain Pulumi, with no more rights than the adapter says that it needs."""
        for instance, version in VERSIONS.items():
            self.operator.new(instance, f"probe@{version}", self.account, tenant=instance)
        page = self.operator.root / "overlays" / "pair-two" / "web" / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(f"<!doctype html><p>probe 1.1.0, {OVERLAID}</p>", encoding="utf-8")
        overlay = {"path": "./overlays/pair-two", "base": "probe@1.1.0"}
        self.operator.edit("pair-two", lambda tenant: tenant.update(overlay=overlay))
        with ThreadPoolExecutor(max_workers=2) as pool:
            self.outputs = dict(zip(TOKENS, pool.map(self.up, TOKENS), strict=True))

    def up(self, instance: str) -> dict[str, Any]:
        """Deploys with that tenant's own secret; returns the outputs."""
        variables = {"PROBE_TOKEN": TOKENS[instance]}
        sandbox = registry.sandbox(self.operator.runtime)
        if instance == "pair-three" and isinstance(sandbox, LimitedAccess):
            listed = self.operator.tenantry("permissions", instance, "--json").json
            needed = [Permission(**each) for each in listed]
            assert needed, "deploying needs a permission at least"
            variables |= sandbox.limited(self.operator.sandbox_folder, instance, needed)
            self.operator.pulumi(instance, *PLAIN_UP, variables=variables)
            outputs: dict[str, Any] = self.operator.tenantry("outputs", instance, "--json").json
            return outputs
        found: dict[str, Any] = self.operator.tenantry("up", instance, "--json", variables=variables).json["outputs"]
        return found


@pytest.fixture(scope="module")
def neighbours(runtime: str, operators: dict[str, Operator]) -> Iterator[Neighbours]:
    account = dict(next(iter(registry.sandbox(runtime).accounts().values())))
    neighbours = Neighbours(operators[runtime], account)
    neighbours.deploy()
    yield neighbours
    with ThreadPoolExecutor(max_workers=3) as pool:
        list(pool.map(lambda instance: neighbours.operator.tenantry("destroy", instance, "--yes"), TOKENS))


def test_r20_two_tenants_share_no_endpoint_and_no_secret(neighbours: Neighbours) -> None:
    urls = {instance: neighbours.outputs[instance]["url"] for instance in TOKENS}
    assert len(set(urls.values())) == len(TOKENS)
    for instance, url in urls.items():
        about = eventually(f"{url}/api/about", lambda answer: answer.status == 200).json
        assert about["instance"] == instance
        assert about["token_sha256"] == hashlib.sha256(TOKENS[instance].encode()).hexdigest()


def test_r26_three_versions_of_one_template_live_at_once(neighbours: Neighbours) -> None:
    for instance, version in VERSIONS.items():
        url = neighbours.outputs[instance]["url"]
        about = eventually(f"{url}/api/about", lambda answer: answer.status == 200).json
        assert (about["version"], about["template"]) == (version, f"probe@{version}")
        assert f"probe {version}".encode() in get(f"{url}/").body


def test_r39_a_tenants_own_files_are_delivered_to_it_alone(neighbours: Neighbours) -> None:
    pages = {instance: get(f"{neighbours.outputs[instance]['url']}/").body.decode() for instance in VERSIONS}
    assert [instance for instance, page in pages.items() if OVERLAID in page] == ["pair-two"]


def test_r39_an_upgrade_that_changes_what_the_tenant_changed_names_the_file(neighbours: Neighbours) -> None:
    operator = neighbours.operator
    variables = {"PROBE_TOKEN": TOKENS["pair-two"]}
    operator.edit("pair-two", lambda tenant: tenant.update(template="probe@1.2.0"))
    try:
        refused = operator.tenantry("up", "pair-two", expect=None, variables=variables)
        plain = operator.pulumi("pair-two", "preview", "--non-interactive", expect=None, variables=variables)
    finally:
        operator.edit("pair-two", lambda tenant: tenant.update(template="probe@1.1.0"))
    for run in (refused, plain):
        assert run.exit_code != 0
        assert "web/index.html" in run.text
        assert "Traceback" not in run.text
    assert OVERLAID in get(f"{neighbours.outputs['pair-two']['url']}/").body.decode()


def test_r27_the_listed_permissions_are_enough_and_are_needed(neighbours: Neighbours) -> None:
    """`pair-three` was deployed with them and nothing else; with none of them not even a preview works."""
    sandbox = registry.sandbox(neighbours.operator.runtime)
    if not isinstance(sandbox, LimitedAccess):
        pytest.skip(
            f"the sandbox of {neighbours.operator.runtime} has no credentials that may do little: LimitedAccess"
        )
    assert get(f"{neighbours.outputs['pair-three']['url']}/api/about").status == 200
    nothing = sandbox.limited(neighbours.operator.sandbox_folder, "nobody", [])
    variables = {"PROBE_TOKEN": TOKENS["pair-three"]} | dict(nothing)
    refused = neighbours.operator.pulumi("pair-three", "preview", "--non-interactive", expect=None, variables=variables)
    # Not by its words: where an adapter asks for the account by an invoke, plain `pulumi` shows the SDK's trace.
    assert refused.exit_code != 0


def test_r20_two_tenants_share_no_name(neighbours: Neighbours) -> None:
    ids = {instance: _ids(neighbours.operator.state(instance)) for instance in TOKENS}
    assert all(ids.values())
    assert not any(ids[one] & ids[other] for one, other in combinations(TOKENS, 2))
    left = {instance: set(neighbours.operator.left(instance)) for instance in TOKENS}
    assert all(left.values())
    assert not any(left[one] & left[other] for one, other in combinations(TOKENS, 2))


def test_r20_two_tenants_share_no_key(neighbours: Neighbours) -> None:
    operator = neighbours.operator
    salts = [(operator.root / "tenant_configs" / f"Pulumi.{name}.yaml").read_text("utf-8") for name in TOKENS]
    files = [operator.tenantry("env", name, "--json").json["PULUMI_CONFIG_PASSPHRASE_FILE"] for name in TOKENS]
    assert len(set(salts)) == len(set(files)) == len(TOKENS)


def test_r21_the_instance_answers_when_everything_of_ours_is_gone(neighbours: Neighbours) -> None:
    """Between two commands no engine, provider or program of ours runs; the instance answers all the same."""
    url = neighbours.outputs["pair-one"]["url"]
    assert get(f"{url}/api/about").status == 200


@pytest.mark.parametrize("changed", ["tenant", "mode", "account", "runtime"])
def test_r22_identity_refuses_a_change_at_preview(neighbours: Neighbours, changed: str) -> None:
    """Another tenant, mode, account or runtime is refused before anything changes, and the message says so."""
    operator, instance = neighbours.operator, "pair-one"
    variables = {"PROBE_TOKEN": TOKENS[instance]}
    state = operator.state(instance)
    try:
        if changed == "tenant":
            operator.edit(instance, lambda tenant: tenant.update(tenant="somebody-else"))
        elif changed == "mode":
            _stamp(operator, instance, state, mode="live")
        elif changed == "runtime":
            _stamp(operator, instance, state, runtime="another-runtime")
        else:
            _stamp(operator, instance, state, account="sha256:" + "0" * 64)
        plain = operator.pulumi(instance, "preview", "--non-interactive", expect=None, variables=variables)
        assert plain.exit_code != 0
        for run in (plain, operator.tenantry("preview", instance, expect=6, variables=variables)):
            assert changed in run.text
            assert "Traceback" not in run.text
            if changed != "tenant":
                assert "tenantry move" in run.text or "sandbox" in run.text
    finally:
        if changed == "tenant":
            operator.edit(instance, lambda tenant: tenant.update(tenant=instance))
        else:
            operator.load_state(instance, json.dumps(state))


def test_r23_a_state_survives_unharmed(neighbours: Neighbours) -> None:
    result = neighbours.operator.tenantry(
        "preview", "pair-one", "--json", variables={"PROBE_TOKEN": TOKENS["pair-one"]}
    ).json
    assert unchanged(result), result["changes"]


def test_r24_what_the_runtime_cannot_do_is_refused_before_anything_is_created(runtime: str) -> None:
    """A plan that asks for every feature that the runtime lacks names each of them."""
    program = f"from tenantry.testing.lacking import main; main({runtime!r})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    for feature, message in report.items():
        assert message, f"{feature} was accepted although the runtime does not list it"


def _ids(state: dict[str, Any]) -> set[tuple[str, str]]:
    found = set()
    for resource in state["deployment"]["resources"]:
        if resource.get("custom") and not resource.get("external") and not resource["type"].startswith("pulumi:"):
            found.add((resource["type"], resource["id"]))
    return found


def _stamp(operator: Operator, instance: str, state: dict[str, Any], **fields: str) -> None:
    """Imports the state as if the stack had been stamped otherwise."""
    changed = json.loads(json.dumps(state))
    for resource in changed["deployment"]["resources"]:
        if resource["type"] == "tenantry:index:Identity":
            for part in ("inputs", "outputs"):
                resource[part].update(fields)
    operator.load_state(instance, json.dumps(changed))
