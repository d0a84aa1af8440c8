"""Rules R29 to R36: instances that hold data, from the first order on, in order, per runtime.

Which rules apply is a matter of what the runtime lists among its features. One instance is followed through its life;
a second one stands beside it, so that nothing of the first can be found there.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tenantry import registry
from tenantry.contract.backups import Backups
from tenantry.contract.sandbox import Activity
from tenantry.testing.operator import Answer, Operator, eventually, get, post

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE, TWO, AGAIN = "keeper-one", "keeper-two", "keeper-again"
DATA = frozenset({"database.postgresql", "bucket"})
ORDER = "three cups of tea — 三杯茶"


class Keepers:
    """Instances of the keeper on one runtime. `url` by instance; `order` is the first one's."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self.urls: dict[str, str] = {}
        self.order: dict[str, Any] = {}
        self.later: dict[str, Any] = {}
        self.broken = ""
        adapter = registry.runtime(operator.runtime)
        self.features = {name for name, feature in adapter.capabilities().features.items() if feature.support != "no"}
        self.adapter = adapter

    def deploy(self, instance: str, version: str = "1.0.0", tenant: str = "") -> None:
        """Makes an instance, of a tenant of its own where none is named, and waits until it answers."""
        account = next(iter(registry.sandbox(self.operator.runtime).accounts().values()))
        self.operator.new(instance, f"keeper@{version}", account, tenant=tenant or instance)
        self.urls[instance] = self.operator.up(instance)["outputs"]["url"]
        self.version(instance, "1.0.0")

    def version(self, instance: str, version: str) -> None:
        """Waits until an instance answers with this version."""

        def accept(answer: Answer) -> bool:
            return answer.status == 200 and answer.json["version"] == version

        about = eventually(f"{self.urls[instance]}/api/about", accept).json
        assert about["instance"] == instance
        assert about["database"] is ("database.postgresql" in self.features)
        assert about["bucket"] is ("bucket" in self.features)

    def place(self, instance: str, text: str) -> dict[str, Any]:
        """Places an order and reads it back."""
        answer = post(f"{self.urls[instance]}/api/orders", {"text": text})
        assert answer.status == 201, answer
        return self.read(instance, answer.json["id"])

    def read(self, instance: str, order: str) -> dict[str, Any]:
        """An order as the instance tells it, without the link, which is another one each time."""
        answer = get(f"{self.urls[instance]}/api/orders/{order}")
        assert answer.status == 200, answer
        found: dict[str, Any] = answer.json
        found.pop("link", None)
        return found

    def data(self, instance: str) -> dict[str, Any]:
        """What the tables tell of migrations and schedules."""
        answer = get(f"{self.urls[instance]}/api/data")
        assert answer.status == 200, answer
        found: dict[str, Any] = answer.json
        return found

    def needs(self, *features: str) -> None:
        """Leaves a rule out where the runtime lists none such."""
        lacking = [feature for feature in features if feature not in self.features]
        if lacking:
            pytest.skip(f"the runtime does not list {', '.join(lacking)}")


@pytest.fixture(scope="module")
def keepers(runtime: str, operators: dict[str, Operator]) -> Keepers:
    made = Keepers(operators[runtime])
    if not DATA & made.features:
        pytest.skip(f"the runtime lists neither of {', '.join(sorted(DATA))}")
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(made.deploy, (ONE, TWO)))
    return made


@pytest.fixture(autouse=True)
def in_order(request: pytest.FixtureRequest, keepers: Keepers) -> Iterator[None]:
    """Fails a step at once where an earlier one failed: its result would say nothing."""
    if keepers.broken:
        pytest.fail(f"the earlier step {keepers.broken} failed", pytrace=False)
    failed_before = request.session.testsfailed
    yield
    if request.session.testsfailed > failed_before:
        keepers.broken = request.node.name


def test_r29_an_order_is_read_back_as_that_tenant(keepers: Keepers) -> None:
    keepers.order = keepers.place(ONE, ORDER)
    if "database.postgresql" in keepers.features:
        assert (keepers.order["text"], keepers.order["instance"]) == (ORDER, ONE)
    if "bucket" in keepers.features:
        assert keepers.order["copy"] == ORDER


def test_r29_and_not_as_another(keepers: Keepers) -> None:
    """The neighbour has no such order, and its own credentials open nothing of the first one's."""
    assert get(f"{keepers.urls[TWO]}/api/orders").json == []
    assert get(f"{keepers.urls[TWO]}/api/orders/{keepers.order['id']}").status == 404
    places = {instance: get(f"{keepers.urls[instance]}/api/places").json for instance in (ONE, TWO)}
    assert places[ONE] != places[TWO]
    own = post(f"{keepers.urls[TWO]}/api/knock", places[TWO]).json
    assert own
    assert set(own.values()) == {"open"}, "what opens the own data is what is tried at the other's"
    others = post(f"{keepers.urls[TWO]}/api/knock", places[ONE]).json
    assert others.keys() == own.keys()
    assert all(said.startswith("refused") for said in others.values()), others


def test_r29_a_presigned_link_opens_one_object_and_nothing_else_does(keepers: Keepers) -> None:
    keepers.needs("bucket")
    link: str = get(f"{keepers.urls[ONE]}/api/orders/{keepers.order['id']}").json["link"]
    assert get(link).body.decode() == ORDER
    assert get(link.partition("?")[0]).status in {401, 403}
    assert get(link[:-1] + ("0" if link[-1] != "0" else "1")).status in {401, 403}


def test_r30_a_second_up_changes_nothing_and_migrates_nothing(keepers: Keepers) -> None:
    result = keepers.operator.up(ONE)
    assert set(result["changes"]) <= {"same", "read"}, result["changes"]
    if {"database.postgresql", "service.migrate"} <= keepers.features:
        assert keepers.data(ONE)["runs"] == ["1.0.0"]


def test_r31_an_upgrade_keeps_the_data_and_migrates_once(keepers: Keepers) -> None:
    done = keepers.operator.tenantry("upgrade", ONE, "--to", "1.1.0", "--json").json
    assert (done["from"], done["to"]) == ("1.0.0", "1.1.0")
    keepers.version(ONE, "1.1.0")
    assert keepers.read(ONE, keepers.order["id"]) == keepers.order
    keepers.later = keepers.place(ONE, "after the upgrade")
    if {"database.postgresql", "service.migrate"} <= keepers.features:
        data = keepers.data(ONE)
        assert data["runs"] == ["1.0.0", "1.1.0"]
        assert "note" in data["columns"]


def test_r32_a_failed_migration_leaves_the_old_version_serving(keepers: Keepers) -> None:
    keepers.needs("database.postgresql", "service.migrate")
    failed = keepers.operator.tenantry("upgrade", ONE, "--to", "1.2.0", expect=None)
    assert failed.exit_code != 0
    assert "nothing" in failed.text, "the message shows what the migration printed"
    assert "Traceback" not in failed.text
    keepers.version(ONE, "1.1.0")
    assert keepers.read(ONE, keepers.order["id"]) == keepers.order
    assert keepers.place(ONE, "after a failure")["text"] == "after a failure"
    assert "1.2.0" not in keepers.data(ONE)["runs"]


def test_r33_a_safe_version_is_gone_back_over_with_its_data(keepers: Keepers) -> None:
    """Also from where an upgrade has failed."""
    keepers.operator.tenantry("rollback", ONE, "--to", "1.0.0", "--json")
    keepers.version(ONE, "1.0.0")
    assert keepers.read(ONE, keepers.order["id"]) == keepers.order
    assert keepers.read(ONE, keepers.later["id"]) == keepers.later


def test_r34_a_backup_is_put_back_into_a_new_instance(keepers: Keepers) -> None:
    if not isinstance(keepers.adapter, Backups):
        pytest.skip("the adapter makes no backups (Backups)")
    made = keepers.operator.tenantry("backup", ONE, "--json").json
    keepers.place(ONE, "after the backup")
    keepers.deploy(AGAIN, tenant=ONE)
    keepers.operator.tenantry("restore", AGAIN, "--from", made["backup"], "--yes")
    assert keepers.read(AGAIN, keepers.order["id"]) == keepers.order
    assert keepers.read(AGAIN, keepers.later["id"]) == keepers.later
    assert len(get(f"{keepers.urls[AGAIN]}/api/orders").json) == len(get(f"{keepers.urls[ONE]}/api/orders").json) - 1


def test_r33_the_way_back_over_a_forward_only_version_is_refused_at_preview(keepers: Keepers) -> None:
    keepers.needs("database.postgresql", "service.migrate")
    keepers.operator.tenantry("upgrade", ONE, "--to", "2.0.0", "--json")
    keepers.version(ONE, "2.0.0")
    assert keepers.read(ONE, keepers.order["id"]) == keepers.order
    assert "text" not in keepers.data(ONE)["columns"]
    refused = keepers.operator.tenantry("rollback", ONE, "--to", "1.1.0", expect=None)
    assert refused.exit_code != 0
    assert "forward-only" in refused.text
    keepers.operator.edit(ONE, lambda tenant: tenant.update(template="keeper@1.1.0"))
    try:
        plain = keepers.operator.pulumi(ONE, "preview", "--non-interactive", expect=None)
        assert plain.exit_code != 0
        assert "forward-only" in plain.text
    finally:
        keepers.operator.edit(ONE, lambda tenant: tenant.update(template="keeper@2.0.0"))
    keepers.version(ONE, "2.0.0")


def test_r35_a_schedule_calls_its_target(keepers: Keepers) -> None:
    keepers.needs("schedule", "database.postgresql")
    end = time.monotonic() + 90
    while keepers.data(TWO)["ticks"] == 0:
        assert time.monotonic() < end, "a schedule of every minute did not call within 90 s"
        time.sleep(1)


def test_r36_a_suspended_instance_has_nothing_at_work_and_keeps_its_data(keepers: Keepers) -> None:
    keepers.needs("suspend")
    operator = keepers.operator
    sandbox = registry.sandbox(operator.runtime)
    assert isinstance(sandbox, Activity), "a runtime that suspends brings a sandbox that tells what runs (Activity)"
    assert sandbox.activity(operator.sandbox_folder, ONE)
    operator.tenantry("suspend", ONE, "--json")
    assert sandbox.activity(operator.sandbox_folder, ONE) == []
    assert get(f"{keepers.urls[ONE]}/api/about").status == 503
    assert get(f"{keepers.urls[ONE]}/").status == 503
    assert operator.left(ONE), "what keeps the data stays"
    assert get(f"{keepers.urls[TWO]}/api/about").status == 200, "the neighbour serves on"
    operator.tenantry("resume", ONE, "--json")
    about = eventually(f"{keepers.urls[ONE]}/api/about", lambda answer: answer.status == 200).json
    keepers.version(ONE, about["version"])
    assert keepers.read(ONE, keepers.order["id"]) == keepers.order
