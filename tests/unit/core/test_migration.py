"""Migrations as the engine drives them, without an engine: an adapter that records what it is asked to do."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import CheckRequest, CreateRequest, DeleteRequest, DiffRequest, UpdateRequest

from tenantry.backups import BackupStore
from tenantry.backups.store import FOLDER
from tenantry.contract.tasks import InstanceRef, SweepRequest, TaskRequest, TaskResult
from tenantry.errors import TaskError, TenantryError, VendorError
from tenantry_vendor.plugin.migration.provider import MigrationResource
from tenantry_vendor.plugin.migration.sweep import SweepResource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tenantry.contract.backups import DataRequest

URN = "urn:pulumi:acme::probe::tenantry:index:AppInstance$tenantry:index:Migration::acme"
INSTANCE = {
    "tenant": "owner",
    "instance": "acme",
    "mode": "sandbox",
    "runtime": "fake",
    "account": {"credentials": {"ref": {"env": "X"}}},
}
ORDERS = {"component": "orders", "kind": "database", "engine": "postgresql", "version": "15"}
BARRIERS = ("2.0.0", "4.0.0")


@dataclass
class Adapter:
    """Runs nothing; says how runs ended as it was told to."""

    calls: list[str] = field(default_factory=list)
    outcomes: dict[str, TaskResult] = field(default_factory=dict)
    done: dict[str, TaskResult] = field(default_factory=dict)
    holder: str = ""
    ids: list[str] = field(default_factory=list)

    def run_task(
        self, request: TaskRequest, _environment: Mapping[str, str], progress: Callable[[str], None]
    ) -> TaskResult:
        progress("running")
        self.ids.append(request.id)
        if request.id in self.done:
            return TaskResult(outcome="succeeded", found=True)
        self.calls.append(f"run {request.component} {' '.join(request.command)} {request.spec['image']}")
        result = self.outcomes.get(request.component, TaskResult(outcome="succeeded", exit_code=0))
        if result.outcome == "succeeded":
            self.done[request.id] = result
        return result

    @contextlib.contextmanager
    def hold(self, instance: InstanceRef, holder: str, purpose: str, _environment: Mapping[str, str]) -> Iterator[None]:
        if self.holder not in {"", holder}:
            raise TaskError(f"{instance.instance} is held by {self.holder}.")
        self.calls.append(f"hold for {purpose}")
        self.holder = holder
        yield
        self.calls.append("release")
        self.holder = ""

    def save(self, request: DataRequest, _environment: Mapping[str, str], _progress: Callable[[str], None]) -> None:
        self.calls.append(f"save {request.data.component}")
        (request.folder / "dump").write_bytes(b"rows")

    def load(self, request: DataRequest, _environment: Mapping[str, str], _progress: Callable[[str], None]) -> None:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER, str(tmp_path / "backups"))
    return tmp_path / "backups"


@pytest.fixture
def adapter() -> Adapter:
    return Adapter()


@pytest.fixture
def migration(adapter: Adapter) -> MigrationResource:
    return MigrationResource(lambda _runtime: adapter)


Values = dict[str, PropertyValue]


def wrapped(value: Any) -> PropertyValue:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return PropertyValue({name: wrapped(item) for name, item in value.items()})
    if isinstance(value, list):
        return PropertyValue([wrapped(item) for item in value])
    return PropertyValue(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)


def inputs(version: str, *services: str, name: str = "shop", **changes: Any) -> Values:  # noqa: ANN401 - any JSON value
    """What the program gives for a version; `services` migrate."""
    number = tuple(int(part) for part in version.split("."))
    step = {"command": ["python", "migrate.py"], "timeout": 60, "rollback": "safe", "task": {"image": version}}
    values: dict[str, Any] = {
        "instance": INSTANCE,
        "template": f"{name}@{version}",
        "forwardOnly": [each for each in BARRIERS if tuple(int(part) for part in each.split(".")) <= number],
        "steps": dict.fromkeys(services or ("api",), step),
        "data": [ORDERS],
        "adopted": False,
    }
    return {each: wrapped(value) for each, value in (values | changes).items()}


def check(migration: MigrationResource, old: Values, new: Values) -> list[tuple[str, str]]:
    answer = asyncio.run(migration.check(CheckRequest(URN, old, new, b"")))
    return [(failure.property, failure.reason) for failure in answer.failures or []]


def create(migration: MigrationResource, new: Values) -> Values:
    answer = asyncio.run(migration.create(CreateRequest(URN, new, 0, preview=False)))
    return dict(answer.properties or {})


def update(migration: MigrationResource, old: Values, new: Values) -> Values:
    answer = asyncio.run(migration.update(UpdateRequest(URN, "id", old, new, 0, [], preview=False)))
    return dict(answer.properties or {})


def has_changes(migration: MigrationResource, old: Values, new: Values) -> bool:
    return bool(asyncio.run(migration.diff(DiffRequest(URN, "id", old, new, []))).changes)


# --- forward ------------------------------------------------------------------------------------------------------


def test_a_first_version_migrates_without_a_backup(migration: MigrationResource, adapter: Adapter) -> None:
    state = create(migration, inputs("1.0.0"))
    assert adapter.calls == ["hold for the migration to shop@1.0.0", "run api python migrate.py 1.0.0", "release"]
    assert state["backup"].value == ""


def test_adopted_data_is_backed_up_before_its_first_migration(migration: MigrationResource, adapter: Adapter) -> None:
    create(migration, inputs("1.0.0", adopted=True))
    assert adapter.calls[1:3] == ["save orders", "run api python migrate.py 1.0.0"]


def test_an_upgrade_backs_up_then_migrates_each_service_once(
    migration: MigrationResource, adapter: Adapter, folder: Path
) -> None:
    state = create(migration, inputs("1.0.0"))
    adapter.calls.clear()
    new = inputs("1.1.0", "api", "worker")
    assert check(migration, inputs("1.0.0"), new) == []
    assert has_changes(migration, state, new)
    state = update(migration, state, new)
    assert adapter.calls == [
        "hold for the migration to shop@1.1.0",
        "save orders",
        "run api python migrate.py 1.1.0",
        "run worker python migrate.py 1.1.0",
        "release",
    ]
    made = BackupStore(folder).list_all("acme")
    assert [manifest.id for manifest in made] == [state["backup"].value]
    assert (made[0].template, made[0].purpose) == ("shop@1.0.0", "before shop@1.1.0")
    assert not has_changes(migration, state, new)


def test_the_same_version_is_no_change_whatever_else_changed(migration: MigrationResource) -> None:
    state = create(migration, inputs("1.0.0"))
    step = {"command": ["other"], "timeout": 1, "rollback": "safe", "task": {"image": "other"}}
    others: list[dict[str, Any]] = [{"steps": {"api": step}}, {"data": []}, {"adopted": True}]
    for changes in others:
        assert not has_changes(migration, state, inputs("1.0.0", **changes))


def test_a_version_without_migrations_touches_nothing(migration: MigrationResource, adapter: Adapter) -> None:
    state = create(migration, inputs("1.0.0"))
    adapter.calls.clear()
    state = update(migration, state, inputs("1.1.0", steps={}))
    assert adapter.calls == []
    assert state["template"].value == "shop@1.1.0"


def test_data_that_no_adapter_can_save_is_not_migrated() -> None:
    class WithoutBackups:
        def run_task(self, *_: object) -> TaskResult:
            raise AssertionError

    migration = MigrationResource(lambda _runtime: WithoutBackups())
    with pytest.raises(TaskError, match="no migration runs without a backup"):
        update(migration, inputs("1.0.0"), inputs("1.1.0"))
    with pytest.raises(TaskError, match="cannot run migrations"):
        create(MigrationResource(lambda _runtime: object()), inputs("1.0.0"))


# --- back ---------------------------------------------------------------------------------------------------------


def test_going_back_over_safe_migrations_runs_nothing_and_forward_again_runs_again(
    migration: MigrationResource, adapter: Adapter
) -> None:
    state = create(migration, inputs("1.0.0"))
    state = update(migration, state, inputs("1.1.0"))
    backup = state["backup"].value
    adapter.calls.clear()
    assert check(migration, inputs("1.1.0"), inputs("1.0.0")) == []
    state = update(migration, state, inputs("1.0.0"))
    assert adapter.calls == []
    assert state["backup"].value == backup, "the backup of the last migration stays known"
    state = update(migration, state, inputs("1.1.0"))
    assert "run api python migrate.py 1.1.0" in adapter.calls, "the data may have been restored meanwhile"


@pytest.mark.parametrize(
    ("before", "after", "barrier"),
    [
        ("2.0.0", "1.0.0", "2.0.0"),
        ("2.1.0", "2.0.0", None),
        # 2.0.0 itself was never deployed: it was skipped.
        ("3.0.0", "1.5.0", "2.0.0"),
        ("4.1.0", "3.0.0", "4.0.0"),
        ("4.1.0", "1.0.0", "2.0.0"),
        ("1.10.0", "1.9.0", None),
    ],
)
def test_going_back_over_a_forward_only_migration_is_refused_at_preview(
    migration: MigrationResource, before: str, after: str, barrier: str | None
) -> None:
    found = check(migration, inputs(before), inputs(after))
    if barrier is None:
        assert found == []
        return
    assert [name for name, _ in found] == ["template"]
    assert f"shop@{barrier}" in found[0][1]
    assert "Nothing was changed" in found[0][1]
    assert f"Set `template` back to shop@{before}" in found[0][1]
    for call in (has_changes, update):
        with pytest.raises(TaskError, match="cannot be undone"):
            call(migration, inputs(before), inputs(after))


def test_another_template_does_not_take_the_data(migration: MigrationResource) -> None:
    found = check(migration, inputs("1.0.0"), inputs("1.0.0", name="blog"))
    assert "belongs to the template 'shop'" in found[0][1]
    assert check(migration, inputs("1.0.0", data=[]), inputs("1.0.0", name="blog")) == []


# --- failure, repeat, two at once ---------------------------------------------------------------------------------


def test_a_failure_names_the_cause_the_backup_and_the_way_on(migration: MigrationResource, adapter: Adapter) -> None:
    state = create(migration, inputs("1.0.0"))
    adapter.outcomes["api"] = TaskResult(outcome="failed", exit_code=3, log=("column is missing",))
    with pytest.raises(TaskError) as failed:
        update(migration, state, inputs("1.1.0"))
    for words in (
        "migration of api to shop@1.1.0 failed with exit status 3",
        "shop@1.0.0 goes on",
        "column is missing",
    ):
        assert words in failed.value.message
    assert "set `template` back to shop@1.0.0" in failed.value.hint
    assert "in the backup 2" in failed.value.hint
    adapter.outcomes["api"] = TaskResult(outcome="timeout")
    with pytest.raises(TaskError, match="within 60 seconds"):
        update(migration, state, inputs("1.1.0"))


def test_a_repeat_runs_only_what_had_not_succeeded(migration: MigrationResource, adapter: Adapter) -> None:
    state = create(migration, inputs("1.0.0"))
    new = inputs("1.1.0", "api", "worker")
    adapter.outcomes["worker"] = TaskResult(outcome="failed")
    with pytest.raises(TaskError):
        update(migration, state, new)
    del adapter.outcomes["worker"]
    adapter.calls.clear()
    update(migration, state, new)
    assert [call for call in adapter.calls if call.startswith("run")] == ["run worker python migrate.py 1.1.0"]


def test_ids_differ_by_everything_that_makes_another_run(migration: MigrationResource, adapter: Adapter) -> None:
    state = create(migration, inputs("1.0.0", "api", "worker"))
    state = update(migration, state, inputs("1.1.0", "api", "worker"))
    state = update(migration, state, inputs("1.0.0", "api", "worker"))
    update(migration, state, inputs("1.1.0", "api", "worker"))
    create(migration, inputs("1.0.0", "api", instance=INSTANCE | {"instance": "globex"}))
    assert len(set(adapter.ids)) == len(adapter.ids) == 7
    assert all(8 <= len(each) <= 40 for each in adapter.ids)


def test_two_at_once_are_one_after_the_other(migration: MigrationResource, adapter: Adapter) -> None:
    adapter.holder = "somebody else"
    with pytest.raises(TaskError, match="is held by somebody else"):
        update(migration, inputs("1.0.0"), inputs("1.1.0"))
    assert adapter.calls == []


def test_an_interrupt_ends_the_wait_and_the_next_attempt_goes_on(
    migration: MigrationResource, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, cancelled = threading.Event(), threading.Event()
    run = adapter.run_task

    def slow(request: TaskRequest, _environment: Mapping[str, str], progress: Callable[[str], None]) -> TaskResult:
        begun.set()
        assert cancelled.wait(10)
        return run(request, _environment, progress)

    monkeypatch.setattr(adapter, "run_task", slow)

    def interrupt() -> None:
        begun.wait(10)
        migration.cancel()
        cancelled.set()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(TaskError, match="interrupted"):
        create(migration, inputs("1.0.0"))
    thread.join()
    create(migration, inputs("1.0.0"))
    assert "run api python migrate.py 1.0.0" in adapter.calls


# --- preview, shape, refresh --------------------------------------------------------------------------------------


def test_a_preview_runs_nothing_and_takes_what_is_not_known_yet(migration: MigrationResource, adapter: Adapter) -> None:
    new = inputs("1.1.0") | {"steps": PropertyValue.computed()}
    assert check(migration, inputs("1.0.0"), new) == []
    assert has_changes(migration, inputs("1.0.0"), new)
    asyncio.run(migration.create(CreateRequest(URN, new, 0, preview=True)))
    asyncio.run(migration.update(UpdateRequest(URN, "id", inputs("1.0.0"), new, 0, [], preview=True)))
    assert adapter.calls == []
    step = {"command": ["x"], "timeout": 1, "rollback": "safe"}
    partly = {name: wrapped(value) for name, value in step.items()} | {"task": PropertyValue.computed()}
    new = inputs("1.1.0") | {"steps": PropertyValue({"api": PropertyValue(partly)})}
    assert check(migration, inputs("1.0.0"), new) == []


@pytest.mark.parametrize(
    ("changes", "prop"),
    [
        ({"template": "shop"}, "template"),
        ({"template": "shop@new"}, "template"),
        ({"forwardOnly": "2.0.0"}, "forwardOnly"),
        ({"steps": {"api": {"command": ["x"]}}}, "steps"),
        ({"instance": {"tenant": "x"}}, "instance"),
        ({"surprise": True}, "surprise"),
    ],
)
def test_inputs_of_a_wrong_shape_are_refused(migration: MigrationResource, changes: dict[str, Any], prop: str) -> None:
    assert [name for name, _ in check(migration, {}, inputs("1.0.0", **changes))] == [prop]


# --- sweeping -----------------------------------------------------------------------------------------------------


class Sweeper:
    def __init__(self) -> None:
        self.requests: list[SweepRequest] = []
        self.failure: TenantryError | None = None

    def sweep(self, request: SweepRequest, _environment: Mapping[str, str]) -> tuple[str, ...]:
        self.requests.append(request)
        if self.failure is not None:
            raise self.failure
        return ()


def swept(*keep: str) -> Values:
    return {"instance": wrapped(INSTANCE), "keep": wrapped(list(keep))}


def test_a_sweep_follows_every_other_set_of_names_and_never_fails() -> None:
    sweeper = Sweeper()
    sweep = SweepResource(lambda _runtime: sweeper)
    asyncio.run(sweep.create(CreateRequest(URN, swept("a", "b"), 0, preview=False)))
    assert sweeper.requests[0].keep == ("a", "b")
    assert not asyncio.run(sweep.diff(DiffRequest(URN, "id", swept("a", "b"), swept("b", "a"), []))).changes
    assert asyncio.run(sweep.diff(DiffRequest(URN, "id", swept("a"), swept("b"), []))).changes
    sweeper.failure = VendorError("no answer")
    asyncio.run(sweep.update(UpdateRequest(URN, "id", swept("a"), swept("b"), 0, [], preview=False)))
    asyncio.run(sweep.delete(DeleteRequest(URN, "id", swept("b"), 0)))
    assert [request.keep for request in sweeper.requests] == [("a", "b"), ("b",), ()]
    failures = asyncio.run(sweep.check(CheckRequest(URN, {}, {"keep": wrapped("x")}, b""))).failures or []
    assert {failure.property for failure in failures} == {"instance", "keep"}
