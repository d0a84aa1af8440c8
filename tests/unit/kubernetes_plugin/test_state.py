"""Checkpoints, names, ownership."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.errors import TenantryError
from tenantry_kubernetes.plugin import checkpoint, objects, ownership, shape
from tenantry_kubernetes.plugin.values import UNKNOWN, Secret

URN = "urn:pulumi:acme::proj::tenantry:index:AppInstance$kubernetes:core/v1:ConfigMap::settings"


def urn(token: str) -> str:
    return f"urn:pulumi:s::p::{token}::n"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("kubernetes:core/v1:Namespace", ("v1", "Namespace")),
        ("a:b:C$kubernetes:apps/v1:Deployment", ("apps/v1", "Deployment")),
        ("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", ("gateway.networking.k8s.io/v1", "HTTPRoute")),
        (
            "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ),
        ("kubernetes:example.com/v1:PricePatch", ("example.com/v1", "PricePatch")),
    ],
)
def test_types(token: str, expected: tuple[str, str]) -> None:
    assert objects.type_of(urn(token)) == expected


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:helm.sh/v3:Release",
        "kubernetes:yaml:ConfigFile",
        "kubernetes:yaml/v2:ConfigGroup",
        "kubernetes:kustomize/v2:Directory",
        "kubernetes:core/v1:NamespacePatch",
        "kubernetes:core/v1:ConfigMapList",
        "aws:s3/bucket:Bucket",
    ],
)
def test_types_of_the_official_plugin_only(token: str) -> None:
    with pytest.raises(TenantryError, match="does not support"):
        objects.type_of(urn(token))


def test_names() -> None:
    inputs: dict[str, Any] = {}
    objects.assign_name(inputs, URN, b"seed")
    name = inputs["metadata"]["name"]
    assert name.startswith("settings-")
    assert len(name) == len("settings-") + 8
    assert inputs["metadata"]["annotations"] == {objects.AUTONAMED: "true"}
    again: dict[str, Any] = {}
    objects.assign_name(again, URN, b"other seed")
    assert again != inputs
    objects.adopt_name(adopted := {"metadata": {"annotations": {"a": "b"}}}, inputs)
    assert adopted["metadata"] == {"name": name, "annotations": {"a": "b", objects.AUTONAMED: "true"}}


@pytest.mark.parametrize("metadata", [{"name": "given"}, {"generateName": "given-"}, {"name": UNKNOWN}, UNKNOWN])
def test_given_names_stay(metadata: object) -> None:
    inputs = {"metadata": metadata}
    objects.assign_name(inputs, URN, b"seed")
    assert inputs == {"metadata": metadata}


def test_ids() -> None:
    assert objects.split_id("a/b") == ("a", "b")
    assert objects.split_id("b") == ("", "b")
    assert objects.full_name({"metadata": {"name": "b", "namespace": "a"}}) == "a/b"


def test_timeouts() -> None:
    said = {"metadata": {"annotations": {objects.TIMEOUT_SECONDS: "7"}}}
    assert objects.timeout({}, 0, 600) == 600
    assert objects.timeout(said, 0, 600) == 7
    assert objects.timeout(said, 3, 600) == 3
    assert objects.timeout({"metadata": {"annotations": {objects.TIMEOUT_SECONDS: "soon"}}}, 0, 600) == 600


def test_propagation() -> None:
    assert objects.propagation({}) == "Foreground"
    said = {"metadata": {"annotations": {objects.PROPAGATION: "Background"}}}
    assert objects.propagation(said) == "Background"


def test_secrets_stay_secret_in_state() -> None:
    marked = {
        "spec": {"template": {"containers": [{"env": [{"value": Secret("hunter2")}]}]}, "token": Secret("t")},
        "metadata": {"name": "n"},
    }
    live = {
        "spec": {"template": {"containers": [{"env": [{"value": "hunter2"}]}]}, "token": "t", "replicas": 1},
        "metadata": {"name": "n", "uid": "u"},
    }
    inputs = {"spec": {"template": {"containers": [{"env": [{"value": "hunter2"}]}]}, "token": "t"}}
    state = checkpoint.make(inputs, live, marked, api_version="apps/v1", manager="m")
    assert state["spec"]["token"] == Secret("t")
    assert isinstance(state["spec"]["template"]["containers"], Secret)
    assert state["spec"]["replicas"] == 1
    assert isinstance(state["__inputs"]["spec"]["token"], Secret)
    assert "hunter2" not in repr(state)
    assert checkpoint.split(state) == (inputs, live)


def test_the_content_of_secrets_is_always_secret() -> None:
    live = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "Yg=="}, "type": "Opaque"}
    inputs = {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "b"}}
    state = checkpoint.make(inputs, live, {}, api_version="v1", manager="m")
    assert isinstance(state["data"], Secret)
    assert isinstance(state["__inputs"]["stringData"], Secret)
    assert state["type"] == "Opaque"


def test_field_managers() -> None:
    assert checkpoint.manager_of({"__fieldManager": "old"}, {}) == "old"
    said = {"metadata": {"annotations": {objects.FIELD_MANAGER: "mine"}}}
    assert checkpoint.manager_of({"__fieldManager": "old"}, said) == "mine"
    first, second = checkpoint.manager_of({}, {}), checkpoint.manager_of({}, {})
    assert first != second
    assert first.startswith("pulumi-kubernetes-")


def test_inputs_of_what_was_found() -> None:
    live = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "n",
            "uid": "u",
            "resourceVersion": "1",
            "managedFields": [],
            "annotations": {"deployment.kubernetes.io/revision": "2"},
        },
        "spec": {"replicas": 1},
        "status": {"replicas": 1},
    }
    assert shape.imported_inputs(live) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "n"},
        "spec": {"replicas": 1},
    }


def test_dashed_fields() -> None:
    assert shape.normalise({"a": [{"x_kubernetes_list_type": "map", "x_y": 1}]}) == {
        "a": [{"x-kubernetes-list-type": "map", "x_y": 1}]
    }


def entry(manager: str, operation: str, fields: object, **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **more}


def test_created_fields_become_applied_ones() -> None:
    live = {
        "metadata": {
            "managedFields": [
                entry("me", "Update", {"f:data": {"f:a": {}}}),
                entry("me", "Apply", {"f:data": {"f:b": {}}}),
                entry("kube-controller-manager", "Update", {"f:status": {}}, subresource="status"),
            ]
        }
    }
    assert ownership.adopted(live, "me") == [
        entry("me", "Apply", {"f:data": {"f:a": {}, "f:b": {}}}),
        entry("kube-controller-manager", "Update", {"f:status": {}}, subresource="status"),
    ]
    assert ownership.adopted({"metadata": {"managedFields": [entry("me", "Apply", {})]}}, "me") is None
    assert ownership.adopted({"metadata": {}}, "me") is None
    created = {"metadata": {"managedFields": [entry("kubectl", "Update", {"f:data": {}})]}}
    assert ownership.adopted(created, "me") == [entry("me", "Apply", {"f:data": {}})]


def test_ignored_fields_of_others_are_not_sent() -> None:
    live = {
        "spec": {"replicas": 5, "paused": True},
        "metadata": {
            "managedFields": [
                entry("me", "Apply", {"f:spec": {"f:paused": {}}}),
                entry("autoscaler", "Update", {"f:spec": {"f:replicas": {}}}, subresource="scale"),
            ]
        },
    }
    inputs = {"spec": {"replicas": 1, "paused": False, "minReadySeconds": 3}}
    made = ownership.without_ignored(inputs, live, ["spec.replicas", "spec.paused"], "me")
    assert made == {"spec": {"paused": True, "minReadySeconds": 3}}
    assert inputs["spec"]["replicas"] == 1
    assert ownership.without_ignored(inputs, {}, ["spec.replicas"], "me") == inputs


def test_force() -> None:
    said = {"metadata": {"annotations": {objects.PATCH_FORCE: "true"}}}
    assert ownership.forced(said, always=False)
    assert ownership.forced({}, always=True)
    assert not ownership.forced({}, always=False)
