"""What stands before and behind an instance's migrations, and the pods of tasks."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.spec.plan import DatabasePlan, InstancePlan, Migration, ServicePlan
from tenantry_kubernetes.workloads.references import referenced

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.kubernetes.conftest import Declared, Registered

    from tenantry.spec.plan import Json

    Declare = Callable[..., Declared]


@pytest.fixture
def migrating(plan: InstancePlan) -> InstancePlan:
    migrate = Migration(command=("python", "migrate.py", "$(HOME)"), timeout=90, rollback="safe")
    return dataclasses.replace(
        plan,
        template=dataclasses.replace(plan.template, forward_only=("0.9.0",)),
        components=tuple(
            dataclasses.replace(each, migrate=migrate) if isinstance(each, ServicePlan) and each.id == "api" else each
            for each in plan.components
        ),
    )


def resource(declared: Declared, kind: str, name: str) -> Registered:
    (found,) = [item for item in declared.seen if item.type.endswith(f":{kind}") and item.name == name]
    return found


def after(found: Registered, kind: str) -> set[str]:
    return {urn.rpartition("::")[2] for urn in found.dependencies if f":{kind}::" in urn}


def test_every_version_declares_its_migration_and_what_it_keeps(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(plan)
    inputs = declared.one("Migration", plan.instance)
    assert inputs["template"] == str(plan.template)
    assert inputs["steps"] == {}
    assert inputs["instance"]["account"] == plan.runtime.account
    kept = declared.one("Sweep", plan.instance)["keep"]
    names = [declared.one(kind, name)["metadata"]["name"] for kind, name in (("ConfigMap", "api"), ("Secret", "api"))]
    assert set(names) < set(kept)
    assert after(resource(declared, "Sweep", plan.instance), "Deployment") == {"api", "web", "worker"}
    assert not after(resource(declared, "Deployment", "api"), "Migration"), "nothing to wait for"


def test_services_roll_behind_the_migration(migrating: InstancePlan, declare: Declare) -> None:
    declared = declare(migrating)
    for name in ("api", "web", "worker"):
        assert after(resource(declared, "Deployment", name), "Migration") == {migrating.instance}
    migration = resource(declared, "Migration", migrating.instance)
    assert after(migration, "ConfigMap") == {"api"}
    assert after(migration, "Secret") == {"api"}
    assert not after(migration, "Deployment")
    assert migration.inputs["forwardOnly"] == ["0.9.0"]
    step = migration.inputs["steps"]["api"]
    assert (step["command"], step["timeout"], step["rollback"]) == (["python", "migrate.py", "$(HOME)"], 90, "safe")


def test_a_task_is_the_services_pod_and_no_copy_of_it(migrating: InstancePlan, declare: Declare) -> None:
    declared = declare(migrating)
    task: dict[str, Any] = declared.one("Migration", migrating.instance)["steps"]["api"]["task"]
    pod = declared.one("Deployment", "api")["spec"]["template"]
    assert "tenantry.dev/component" not in task["metadata"]["labels"], "its Service must not find it"
    assert task["metadata"]["labels"]["tenantry.dev/task-of"] == "api"
    assert task["spec"]["restartPolicy"] == "Never"
    (main,), (service,) = task["spec"]["containers"], pod["spec"]["containers"]
    assert not {"startupProbe", "readinessProbe", "livenessProbe", "lifecycle", "ports"} & set(main)
    for name in ("image", "env", "volumeMounts", "securityContext", "resources", "workingDir"):
        assert main[name] == service[name]
    assert task["spec"]["initContainers"] == pod["spec"]["initContainers"]
    assert referenced(task["spec"]) == referenced(pod["spec"]) != set()


def test_data_that_somebody_else_keeps_is_not_backed_up_and_said_so(plan: InstancePlan, declare: Declare) -> None:
    orders, ledger = (
        DatabasePlan(id=name, engine="postgresql", version="15", size="small") for name in ("orders", "ledger")
    )
    account: dict[str, Json] = {"databases": {"orders": {"dsn": {"ref": {"env": "ORDERS"}}}}}
    runtime = dataclasses.replace(plan.runtime, account=plan.runtime.account | account)
    dsn = "postgresql://user:password@db.example.com/orders"
    whole = dataclasses.replace(plan, runtime=runtime, components=(*plan.components, orders, ledger))
    declared = declare(whole, secrets={"ORDERS": dsn})
    data = declared.one("Migration", plan.instance)["data"]
    assert [item["component"] for item in data] == ["ledger"]
    assert [item.what for item in declared.outputs.left_out] == ["orders.backup"]


def test_the_quota_leaves_room_for_the_task(plan: InstancePlan, migrating: InstancePlan, declare: Declare) -> None:
    def pods(each: InstancePlan) -> int:
        return int(declare(each).one("ResourceQuota", "quota")["spec"]["hard"]["pods"])

    assert pods(migrating) == pods(plan) + 1


def test_references_are_found_wherever_a_pod_may_have_them() -> None:
    pod = {
        "volumes": [
            {"name": "a", "configMap": {"name": "volume"}},
            {"name": "b", "secret": {"secretName": "volume"}},
            {"name": "c", "projected": {"sources": [{"configMap": {"name": "part"}}, {"secret": {"name": "part"}}]}},
            {"name": "d", "emptyDir": {}},
        ],
        "initContainers": [
            {"name": "i", "envFrom": [{"configMapRef": {"name": "all"}}, {"secretRef": {"name": "all"}}]}
        ],
        "containers": [
            {
                "name": "c",
                "env": [
                    {"name": "A", "value": "x"},
                    {"name": "B", "valueFrom": {"secretKeyRef": {"name": "one", "key": "k"}}},
                    {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "one", "key": "k"}}},
                    {"name": "D", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                ],
            }
        ],
    }
    names = ("volume", "part", "all", "one")
    assert referenced(pod) == {(kind, name) for kind in ("ConfigMap", "Secret") for name in names}
