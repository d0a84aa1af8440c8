"""The RBAC rules equal what is declared, and what the plugin watches meanwhile."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

import pytest

from tenantry.spec.plan import BucketPlan, DatabasePlan, Migration, ServicePlan
from tenantry_kubernetes.permissions import RESOURCES, cluster_role, kinds, permissions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.spec.plan import InstancePlan, Json

    Declare = Callable[..., Any]


def changed(plan: InstancePlan, account: dict[str, Json], extensions: dict[str, Json]) -> InstancePlan:
    runtime = dataclasses.replace(plan.runtime, account=plan.runtime.account | account, extensions=extensions)
    return dataclasses.replace(plan, runtime=runtime)


@pytest.mark.parametrize(
    ("account", "extensions"),
    [
        ({}, {}),
        ({"routing": {"kind": "httproute", "gateway": {"namespace": "edge", "name": "public"}}}, {}),
        ({}, {"egress": {"internet": False}}),
        ({"cert_manager": {"issuer": "own"}}, {"egress": {"internet": False, "cidrs": ["10.0.0.0/24"]}}),
    ],
)
@pytest.mark.parametrize("components", [("api", "web", "worker"), ("web",), ("worker",)])
def test_the_kinds_are_those_that_are_declared(
    plan: InstancePlan,
    declare: Declare,
    account: dict[str, Json],
    extensions: dict[str, Json],
    components: tuple[str, ...],
) -> None:
    whole = changed(plan, account, extensions)
    some = dataclasses.replace(
        whole,
        components=tuple(item for item in whole.components if item.id in components),
        routes=tuple(route for route in whole.routes if route.component in components[:2]),
    )
    declared = {
        (item.inputs["metadata"]["labels"].get("tenantry.dev/component", "*"), item.type.rpartition(":")[2])
        for item in declare(some).seen
        if item.type.startswith("kubernetes:") and not item.read
    }
    assert set(kinds(some)) == declared


def test_every_permission_is_one_verb_on_one_resource(plan: InstancePlan) -> None:
    rules = permissions(plan)
    assert len(rules) == len(set(rules))
    assert {rule.component for rule in rules} == {"*", "api", "web", "worker"}
    for rule in rules:
        assert rule.action in {"create", "delete", "get", "list", "patch", "watch"}
    by_component = {(rule.component, rule.action, rule.resource) for rule in rules}
    assert ("*", "get", "namespaces/kube-system") in by_component
    assert ("api", "create", "deployments.apps") in by_component
    assert ("api", "create", "secrets") in by_component
    assert ("worker", "watch", "replicasets.apps") in by_component
    assert ("*", "delete", "configmaps") in by_component, "the sweep after a roll"
    assert not {entry for entry in by_component if entry[2].startswith(("leases", "jobs")) and entry[1] == "create"}
    assert not {entry for entry in by_component if entry[0] == "web" and entry[2] == "secrets"}
    assert not {entry for entry in by_component if entry[1] == "create" and entry[2] in {"pods", "replicasets.apps"}}


def test_data_and_migrations_take_more(plan: InstancePlan) -> None:
    migrate = Migration(command=("migrate",), timeout=1, rollback="safe")
    orders = DatabasePlan(id="orders", engine="postgresql", version="15", size="small")
    api = dataclasses.replace(cast("ServicePlan", plan.component("api")), migrate=migrate)
    rules = permissions(dataclasses.replace(plan, components=(api, BucketPlan(id="media", public=False), orders)))
    found = {(rule.component, rule.action, rule.resource) for rule in rules}
    assert {("api", "create", "jobs.batch"), ("api", "get", "pods/log"), ("orders", "create", "pods/exec")} <= found
    assert {("*", "update", "leases.coordination.k8s.io"), ("media", "get", "secrets")} <= found
    role = cluster_role(rules, "tenantry-deployer")
    execs = [rule for rule in role["rules"] if "pods/exec" in rule["resources"]]
    assert [(rule["apiGroups"], rule["verbs"], "resourceNames" in rule) for rule in execs] == [
        ([""], ["create", "get"], False)
    ]


def test_a_cluster_role_grants_exactly_the_permissions(plan: InstancePlan) -> None:
    rules = permissions(plan)
    role = cluster_role(rules, "tenantry-deployer")
    granted = {
        (verb, resource + (f".{group}" if group else "") + (f"/{rule['resourceNames'][0]}" if only else ""))
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for only in ["resourceNames" in rule]
    }
    assert granted == {(rule.action, rule.resource) for rule in rules}
    assert role["kind"] == "ClusterRole"


def test_every_kind_has_its_resource(plan: InstancePlan) -> None:
    assert {kind for _, kind in kinds(plan)} <= set(RESOURCES)
