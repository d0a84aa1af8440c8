"""Variables of a container, as the kubelet resolves them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tenantry_kubernetes.sandbox.node.environment import ConfigError, Sources, container_environment, expand
from tenantry_kubernetes.sandbox.node.quantity import divide, parse_quantity

OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    ("ConfigMap", "settings"): {"data": {"COLOUR": "red", "PORT": "8080", "not a name": "x"}},
    ("Secret", "keys"): {"data": {"KEY": base64.b64encode("schlüssel".encode()).decode()}},
}
POD: dict[str, Any] = {
    "metadata": {
        "name": "web-1",
        "namespace": "shop",
        "uid": "u",
        "labels": {"app": "web"},
        "annotations": {"b": "2", "a": 'say "x"'},
    },
    "spec": {"nodeName": "sandbox", "serviceAccountName": "workload", "containers": []},
}


def sources(**ports: int) -> Sources:
    return Sources(
        pod=POD,
        read=lambda kind, name: OBJECTS.get((kind, name)),
        facts={"status.podIP": "10.244.0.7"},
        ports={int(port.removeprefix("p")): local for port, local in ports.items()},
        allocatable={"cpu": "4", "memory": "1Gi"},
    )


def resolve(*env: dict[str, Any], ports: dict[str, int] | None = None, **container: object) -> dict[str, str]:
    return container_environment({"env": list(env), **container}, sources(**(ports or {})))


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)-$(B)", "1-2"),
        ("$(NONE)", "$(NONE)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A", "$(A"),
    ],
)
def test_references_are_expanded_as_the_kubelet_does(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == expanded


def test_values_see_what_stands_before_them() -> None:
    found = resolve(
        {"name": "A", "value": "$(B)"}, {"name": "B", "value": "b"}, {"name": "C", "value": "$(B)$(COLOUR)"},
        envFrom=[{"configMapRef": {"name": "settings"}}],
    )  # fmt: skip
    assert found == {"COLOUR": "red", "PORT": "8080", "A": "$(B)", "B": "b", "C": "bred"}


def test_port_and_host_become_local_where_the_container_declares_the_port() -> None:
    port = {"name": "PORT", "value": "8080"}
    host = {"name": "HOST", "value": "0.0.0.0"}  # noqa: S104 - what pods carry
    address = {"name": "ADDRESS", "value": "$(HOST):$(PORT)"}
    assert resolve(port, host, address, ports={"p8080": 20001}) == {
        "PORT": "20001",
        "HOST": "127.0.0.1",
        "ADDRESS": "127.0.0.1:20001",
    }
    assert resolve(port, ports={"p9090": 20001}) == {"PORT": "8080"}
    assert resolve(host) == {"HOST": "0.0.0.0"}  # noqa: S104 - what pods carry


def test_port_from_a_config_map_becomes_local_too() -> None:
    found = resolve(envFrom=[{"prefix": "", "configMapRef": {"name": "settings"}}], ports={"p8080": 20001})
    assert found["PORT"] == "20001"


def test_sources_of_every_kind() -> None:
    def of(**source: object) -> str:
        return resolve({"name": "X", "valueFrom": source}, resources={"limits": {"memory": "1500Ki"}})["X"]

    assert of(configMapKeyRef={"name": "settings", "key": "COLOUR"}) == "red"
    assert of(secretKeyRef={"name": "keys", "key": "KEY"}) == "schlüssel"
    assert of(fieldRef={"fieldPath": "metadata.name"}) == "web-1"
    assert of(fieldRef={"fieldPath": "metadata.labels['app']"}) == "web"
    assert of(fieldRef={"fieldPath": "metadata.annotations"}) == 'a="say \\"x\\""\nb="2"'
    assert of(fieldRef={"fieldPath": "status.podIP"}) == "10.244.0.7"
    assert of(resourceFieldRef={"resource": "limits.memory", "divisor": "1Mi"}) == "2"
    assert of(resourceFieldRef={"resource": "limits.cpu"}) == "4"


def test_what_is_missing_is_named_unless_it_is_optional() -> None:
    def of(**source: object) -> dict[str, str]:
        return resolve({"name": "X", "valueFrom": source})

    with pytest.raises(ConfigError, match='secret "none" not found'):
        of(secretKeyRef={"name": "none", "key": "KEY"})
    with pytest.raises(ConfigError, match="couldn't find key none in ConfigMap settings"):
        of(configMapKeyRef={"name": "settings", "key": "none"})
    with pytest.raises(ConfigError, match="fieldPath"):
        of(fieldRef={"fieldPath": "status.nothing"})
    with pytest.raises(ConfigError, match="configmap"):
        resolve(envFrom=[{"configMapRef": {"name": "none"}}])
    assert of(secretKeyRef={"name": "none", "key": "KEY", "optional": True}) == {}
    assert of(configMapKeyRef={"name": "settings", "key": "none", "optional": True}) == {}
    assert resolve(envFrom=[{"secretRef": {"name": "none", "optional": True}}]) == {}


@pytest.mark.parametrize(
    ("quantity", "number"), [("250m", "0.25"), ("512Mi", "536870912"), ("1.5G", "1500000000"), ("2e3", "2000")]
)
def test_quantities(quantity: str, number: str) -> None:
    assert parse_quantity(quantity) == parse_quantity(number)


def test_division_rounds_up_and_nonsense_is_refused() -> None:
    assert divide("250m", "1") == "1"
    assert divide("1Gi", "1Mi") == "1024"
    with pytest.raises(ValueError, match="not a quantity"):
        parse_quantity("5 apples")
