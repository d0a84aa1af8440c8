from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry_kubernetes.plugin import diff, replacement, shape
from tenantry_kubernetes.plugin.values import UNKNOWN

Object = dict[str, Any]


def changes(
    live: Object, old: Object, new: Object, *, rules: tuple[str, ...] = (), typed: bool = True
) -> dict[str, tuple[str, bool]]:
    found = diff.compare(shape.prune(live, old), old, new, rules, typed=typed)
    return {each.name: (each.change, each.replace) for each in found}


def test_what_servers_fill_in_is_no_change() -> None:
    live = {"spec": {"replicas": 1, "strategy": {"type": "RollingUpdate"}}, "status": {"replicas": 1}}
    wanted = {"spec": {"replicas": 1}}
    assert changes(live, wanted, wanted) == {}


def test_changed_added_and_removed_fields() -> None:
    old = {"spec": {"a": 1, "gone": {"x": 1}}, "metadata": {"labels": {"k": "v"}}}
    new = {"spec": {"a": 2, "new": [1]}, "metadata": {"labels": {"k": "v"}}}
    assert changes(old, old, new) == {
        "spec.a": ("update", False),
        "spec.gone": ("delete", False),
        "spec.new": ("add", False),
    }


def test_drift_is_a_change() -> None:
    wanted = {"spec": {"replicas": 2}}
    found = diff.compare({"spec": {"replicas": 5}}, wanted, wanted, (), typed=True)
    assert [(each.name, each.change, each.by_input) for each in found] == [("spec.replicas", "update", False)]


def test_what_a_refresh_found_removed_is_put_back() -> None:
    refreshed: Object = {"metadata": {"labels": {}}}
    assert changes(refreshed, refreshed, {"metadata": {"labels": {"k": "v"}}}) == {"metadata.labels.k": ("add", False)}


def test_lists_by_position() -> None:
    old = {"c": [{"image": "a"}, {"image": "b"}, {"image": "c"}]}
    new = {"c": [{"image": "a"}, {"image": "x"}]}
    assert changes(old, old, new) == {"c[1].image": ("update", False), "c[2]": ("delete", False)}
    assert changes(new, new, old) == {"c[1].image": ("update", False), "c[2]": ("add", False)}


def test_what_others_add_to_lists_stays_theirs() -> None:
    wanted = {"c": [{"image": "a"}]}
    assert changes({"c": [{"image": "a"}, {"image": "sidecar"}]}, wanted, wanted) == {}


@pytest.mark.parametrize(
    ("key", "value"), [("ingress", []), ("nodeSelector", {}), ("hostname", ""), ("readOnly", False), ("hostPort", 0)]
)
def test_empty_fields_of_typed_kinds_are_unset(key: str, value: object) -> None:
    assert changes({"spec": {}}, {"spec": {}}, {"spec": {key: value}}) == {}


@pytest.mark.parametrize(("key", "value"), [("emptyDir", {}), ("automountServiceAccountToken", False), ("replicas", 0)])
def test_empty_fields_that_mean_something(key: str, value: object) -> None:
    assert changes({"spec": {}}, {"spec": {}}, {"spec": {key: value}}) == {f"spec.{key}": ("add", False)}
    # Where the server does not give it back although it was sent, nothing is left to do.
    assert changes({"spec": {}}, {"spec": {key: value}}, {"spec": {key: value}}) == {}


def test_custom_resources_keep_empty_lists() -> None:
    assert changes({"spec": {}}, {"spec": {}}, {"spec": {"rules": []}}, typed=False) == {"spec.rules": ("add", False)}


@pytest.mark.parametrize(
    ("live", "wanted"), [("500m", "0.5"), ("1Gi", "1024Mi"), ("2", 2), ("1k", "1e3"), ("1", "1000m")]
)
def test_equal_quantities(live: str, wanted: object) -> None:
    old: Object = {"resources": {"limits": {"cpu": wanted}}}
    assert changes({"resources": {"limits": {"cpu": live}}}, old, old) == {}


def test_quantities_are_compared_where_they_stand_only() -> None:
    old: Object = {"env": [{"name": "A", "value": "1000m"}], "data": {"x": "0.5"}}
    live = {"env": [{"name": "A", "value": "1"}], "data": {"x": "500m"}}
    assert changes(live, old, old) == {"env[0].value": ("update", False), "data.x": ("update", False)}
    assert changes({"requests": {"cpu": "2"}}, {"requests": {"cpu": "1"}}, {"requests": {"cpu": "1"}}) != {}


def test_unknown_values_differ() -> None:
    old = {"spec": {"a": 1}}
    assert changes(old, old, {"spec": {"a": UNKNOWN}}) == {"spec.a": ("update", False)}


def test_string_data_is_compared_with_data() -> None:
    wanted: Object = {"apiVersion": "v1", "kind": "Secret", "stringData": {"pw": "hunter2"}}
    live = {"apiVersion": "v1", "kind": "Secret", "data": {"pw": "aHVudGVyMg==", "other": "eA=="}}
    assert changes(live, wanted, wanted) == {}
    drifted = live | {"data": {"pw": "c3RvbGVu"}}
    assert changes(drifted, wanted, wanted) == {"stringData.pw": ("update", False)}


def rules(api_version: str, kind: str, *, mutable: bool = False, **fields: object) -> tuple[str, ...]:
    inputs = {"apiVersion": api_version, "kind": kind} | fields
    return replacement.rules(inputs, config_maps_mutable=mutable, secrets_mutable=mutable)


@pytest.mark.parametrize(
    ("api_version", "kind", "path"),
    [
        ("apps/v1", "Deployment", "spec.selector.matchLabels.app"),
        ("apps/v1", "Deployment", "metadata.name"),
        ("apps/v1", "StatefulSet", "spec.serviceName"),
        ("batch/v1", "Job", "spec.template.spec.containers[0].image"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef.name"),
        ("v1", "ConfigMap", "data.key"),
        ("v1", "ConfigMap", 'data["a.b"]'),
        ("v1", "PersistentVolumeClaim", "spec.accessModes[0]"),
        ("v1", "Pod", "spec.containers[1].image"),
        ("v1", "Pod", "spec.initContainers[0].env[2].value"),
        ("v1", "ResourceQuota", "spec.scopes[0]"),
        ("v1", "Secret", "stringData.pw"),
        ("v1", "Secret", "type"),
        ("v1", "Service", "spec.clusterIP"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute", "metadata.namespace"),
    ],
)
def test_fields_that_replace(api_version: str, kind: str, path: str) -> None:
    assert any(replacement.replaces(diff.parse_path(path), "x", rule) for rule in rules(api_version, kind))


@pytest.mark.parametrize(
    ("api_version", "kind", "path"),
    [
        ("apps/v1", "Deployment", "spec.template.spec.containers[0].image"),
        ("apps/v1", "Deployment", "spec.replicas"),
        ("apps/v1", "StatefulSet", "spec.replicas"),
        ("autoscaling/v2", "HorizontalPodAutoscaler", "spec.maxReplicas"),
        ("batch/v1", "CronJob", "spec.schedule"),
        ("networking.k8s.io/v1", "Ingress", "spec.rules[0].host"),
        ("networking.k8s.io/v1", "NetworkPolicy", "spec.podSelector"),
        ("policy/v1", "PodDisruptionBudget", "spec.minAvailable"),
        ("rbac.authorization.k8s.io/v1", "Role", "rules[0].verbs[0]"),
        ("v1", "ConfigMap", "metadata.labels.a"),
        ("v1", "LimitRange", "spec.limits[0].max.cpu"),
        ("v1", "Namespace", "metadata.labels.a"),
        ("v1", "PersistentVolumeClaim", "spec.resources.requests.storage"),
        ("v1", "ResourceQuota", "spec.hard.pods"),
        ("v1", "Service", "spec.ports[0].port"),
        ("v1", "ServiceAccount", "automountServiceAccountToken"),
    ],
)
def test_fields_that_change_in_place(api_version: str, kind: str, path: str) -> None:
    assert not any(replacement.replaces(diff.parse_path(path), "x", rule) for rule in rules(api_version, kind))


def test_a_rule_inside_a_new_object() -> None:
    assert replacement.replaces(("spec",), {"selector": {"a": "b"}}, "spec.selector")
    assert not replacement.replaces(("spec",), {"replicas": 1}, "spec.selector")
    assert replacement.replaces(("spec", "containers"), [{"image": "x"}], "spec.containers.*.image")


@pytest.mark.parametrize(("kind", "path"), [("ConfigMap", "data.k"), ("Secret", "data.k")])
def test_mutable_content(kind: str, path: str) -> None:
    assert not any(replacement.replaces(("data", "k"), "x", rule) for rule in rules("v1", kind, mutable=True))
    immutable = rules("v1", kind, mutable=True, immutable=True)
    assert any(replacement.replaces(diff.parse_path(path), "x", rule) for rule in immutable)


@pytest.mark.parametrize(
    ("ignored", "left"),
    [
        (["spec.replicas"], {"spec.template.image", 'data["a.b"]', "list[0].x"}),
        (["spec"], {'data["a.b"]', "list[0].x"}),
        (['data["a.b"]', "list[*].x"], {"spec.replicas", "spec.template.image"}),
        (["spec.replicas.deeper", "lis"], {"spec.replicas", "spec.template.image", 'data["a.b"]', "list[0].x"}),
    ],
)
def test_ignored_changes(ignored: list[str], left: set[str]) -> None:
    old = {"spec": {"replicas": 1, "template": {"image": "a"}}, "data": {"a.b": "1"}, "list": [{"x": 1}]}
    new = {"spec": {"replicas": 2, "template": {"image": "b"}}, "data": {"a.b": "2"}, "list": [{"x": 2}]}
    found = diff.without_ignored(diff.compare(old, old, new, (), typed=True), ignored)
    assert {each.name for each in found} == left


steps = st.lists(st.one_of(st.text('ab.[]"-_/', min_size=1), st.integers(0, 99)), min_size=1).filter(
    lambda path: isinstance(path[0], str)
)


@given(steps)
def test_paths_are_written_and_read(path: list[str | int]) -> None:
    assert diff.parse_path(diff.path_name(tuple(path))) == tuple(path)
