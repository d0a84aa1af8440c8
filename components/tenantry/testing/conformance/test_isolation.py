"""Rules R20 to R26: nothing is shared between two tenants, and a stack stays what it is."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tenantry import registry
from tenantry.testing.operator import Operator, eventually, get, unchanged

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKENS = {"pair-one": "kit-token-one-55d1", "pair-two": "kit-token-two-91ce"}


class Pair:
    """Two tenants of one template, deployed at the same time."""

    def __init__(self, operator: Operator, account: dict[str, Any]) -> None:
        self.operator = operator
        self.account = account
        self.results: dict[str, dict[str, Any]] = {}

    def deploy(self) -> None:
        """Both at once."""
        for instance in TOKENS:
            self.operator.new(instance, "probe@1.0.0", self.account, tenant=instance)
        with ThreadPoolExecutor(max_workers=2) as pool:
            self.results = dict(zip(TOKENS, pool.map(self.up, TOKENS), strict=True))

    def up(self, instance: str) -> dict[str, Any]:
        """`up` with that tenant's own secret."""
        variables = {"PROBE_TOKEN": TOKENS[instance]}
        result: dict[str, Any] = self.operator.tenantry("up", instance, "--json", variables=variables).json
        return result


@pytest.fixture(scope="module")
def pair(runtime: str, operators: dict[str, Operator]) -> Iterator[Pair]:
    account = dict(next(iter(registry.sandbox(runtime).accounts().values())))
    pair = Pair(operators[runtime], account)
    pair.deploy()
    yield pair
    for instance in TOKENS:
        pair.operator.tenantry("destroy", instance, "--yes")


def test_r20_two_tenants_share_no_endpoint_and_no_secret(pair: Pair) -> None:
    urls = {instance: pair.results[instance]["outputs"]["url"] for instance in TOKENS}
    assert len(set(urls.values())) == len(TOKENS)
    for instance, url in urls.items():
        about = eventually(f"{url}/api/about", lambda answer: answer.status == 200).json
        assert about["instance"] == instance
        assert about["token_sha256"] == hashlib.sha256(TOKENS[instance].encode()).hexdigest()


def test_r20_two_tenants_share_no_name(pair: Pair) -> None:
    ids = {instance: _ids(pair.operator.state(instance)) for instance in TOKENS}
    assert all(ids.values())
    assert not ids["pair-one"] & ids["pair-two"]
    left = {instance: set(pair.operator.left(instance)) for instance in TOKENS}
    assert all(left.values())
    assert not left["pair-one"] & left["pair-two"]


def test_r20_two_tenants_share_no_key(pair: Pair) -> None:
    salts = [(pair.operator.root / "tenant_configs" / f"Pulumi.{name}.yaml").read_text("utf-8") for name in TOKENS]
    files = [pair.operator.tenantry("env", name, "--json").json["PULUMI_CONFIG_PASSPHRASE_FILE"] for name in TOKENS]
    assert len(set(salts)) == len(set(files)) == len(TOKENS)


def test_r21_the_instance_answers_when_everything_of_ours_is_gone(pair: Pair) -> None:
    """Between two commands no engine, provider or program of ours runs; the instance answers all the same."""
    url = pair.results["pair-one"]["outputs"]["url"]
    assert get(f"{url}/api/about").status == 200


@pytest.mark.parametrize("plain", [False, True], ids=["tenantry", "pulumi"])
@pytest.mark.parametrize("changed", ["tenant", "mode", "account", "runtime"])
def test_r22_identity_refuses_a_change_at_preview(pair: Pair, changed: str, plain: bool) -> None:  # noqa: FBT001
    """Another tenant, mode, account or runtime is refused before anything changes, and the message says so."""
    operator, instance = pair.operator, "pair-one"
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
        if plain:
            run = operator.pulumi(instance, "preview", "--non-interactive", expect=None, variables=variables)
            assert run.exit_code != 0
        else:
            run = operator.tenantry("preview", instance, expect=6, variables=variables)
        assert changed in run.text
        assert "Traceback" not in run.text
        if changed != "tenant":
            assert "tenantry move" in run.text or "sandbox" in run.text
    finally:
        operator.edit(instance, lambda tenant: tenant.update(tenant=instance))
        _import(operator, instance, state)


def test_r23_a_state_survives_unharmed(pair: Pair) -> None:
    result = pair.operator.tenantry("preview", "pair-one", "--json", variables={"PROBE_TOKEN": TOKENS["pair-one"]}).json
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
    _import(operator, instance, changed)


def _import(operator: Operator, instance: str, state: dict[str, Any]) -> None:
    file = operator.root / ".tenantry" / f"{instance}.import.json"
    file.write_text(json.dumps(state), encoding="utf-8")
    operator.pulumi(instance, "stack", "import", "--file", str(file))
    file.unlink()
