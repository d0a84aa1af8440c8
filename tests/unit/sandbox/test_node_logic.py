"""The node's pure parts: back-off, thresholds, images, users, status."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenantry_kubernetes.sandbox.node.backoff import Backoff
from tenantry_kubernetes.sandbox.node.environment import ConfigError
from tenantry_kubernetes.sandbox.node.images import ImageError, check_user, find_image
from tenantry_kubernetes.sandbox.node.probes import Target, Threshold, local_port
from tenantry_kubernetes.sandbox.node.status import ContainerState, PodState, phase, pod_status


def test_back_off_begins_at_once_doubles_to_its_cap_and_is_forgotten() -> None:
    backoff = Backoff(base=10, cap=300)
    assert [backoff.after_run(1) for _ in range(8)] == [0, 10, 20, 40, 80, 160, 300, 300]
    assert backoff.after_run(600) == 0
    assert backoff.after_run(1) == 10


@pytest.mark.parametrize(
    ("results", "verdicts"),
    [
        ([False, False, False, False], [None, None, False, False]),
        ([True, False, True, False], [None, None, None, None]),
        ([False, False, True, True], [None, None, None, True]),
        ([True, True, False, False, False], [None, True, None, None, False]),
    ],
)
def test_thresholds_count_equal_results_in_a_row(results: list[bool], verdicts: list[bool | None]) -> None:
    threshold = Threshold(success=2, failure=3)
    assert [threshold.record(ok=each) for each in results] == verdicts


def test_probe_ports_are_local_by_number_and_name() -> None:
    target = Target(ports={8080: 20001}, port_names={"http": 8080})
    assert [local_port(port, target) for port in (8080, "8080", "http", 9090, "other")] == [
        20001, 20001, 20001, None, None
    ]  # fmt: skip


def pod(annotations: dict[str, str] | None = None, **security: object) -> dict[str, Any]:
    return {"metadata": {"name": "p", "annotations": annotations}, "spec": {"securityContext": security}}


@pytest.mark.parametrize(
    "image",
    [
        "docker.io/library/python:3.11-slim",
        "python:3.11",
        "python:3.11.9-slim-bookworm",
        "registry.example:5000/mirror/python:3.11-slim",
        "python:3.11-slim@sha256:" + "a" * 64,
    ],
)
def test_stock_images_are_known_at_any_mirror(image: str) -> None:
    assert find_image(image, pod()).name == "python3.11"


@pytest.mark.parametrize(
    "image", ["python:3.12", "python", "python:3.110", "nginx:1.27", "evilpython:3.11", "x/python:3.11/y", ""]
)
def test_other_images_are_refused_with_what_can_be_run(image: str) -> None:
    with pytest.raises(ImageError, match=r"python:3\.11-slim"):
        find_image(image, pod())


def test_a_pod_may_say_what_stands_for_its_image() -> None:
    key = "sandbox.tenantry.dev/images"
    declared = pod({key: json.dumps({"mirror.example/py@sha256:1": "python3.11"})})
    assert find_image("mirror.example/py@sha256:1", declared).name == "python3.11"
    with pytest.raises(ImageError):
        find_image("mirror.example/py@sha256:1", pod({key: json.dumps({"mirror.example/py@sha256:1": "ruby"})}))
    with pytest.raises(ImageError, match="not a JSON object"):
        find_image("python:3.11", pod({key: "[]"}))


def test_root_is_refused_as_a_kubelet_does() -> None:
    stock = find_image("python:3.11", pod())
    check_user(stock, {}, pod())
    check_user(stock, {}, pod(runAsNonRoot=True, runAsUser=10001))
    check_user(stock, {"securityContext": {"runAsNonRoot": False}}, pod(runAsNonRoot=True))
    with pytest.raises(ConfigError, match="image will run as root"):
        check_user(stock, {}, pod(runAsNonRoot=True))
    with pytest.raises(ConfigError, match="non-root"):
        check_user(stock, {"securityContext": {"runAsUser": 0}}, pod(runAsNonRoot=True))


def container(
    state: dict[str, Any], *, finished: bool = False, ready: bool = False, last: bool = False
) -> ContainerState:
    return ContainerState(
        name="c",
        image="i",
        container_id="process://u/c/0",
        state=state,
        last={"terminated": {"exitCode": 1}} if last else {},
        ready=ready,
        finished=finished,
    )


RUNNING: dict[str, Any] = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
WAITING: dict[str, Any] = {"waiting": {"reason": "ContainerCreating"}}


def ended(code: int) -> ContainerState:
    return container({"terminated": {"exitCode": code}}, finished=True)


def state(*containers: ContainerState, init: tuple[ContainerState, ...] = ()) -> PodState:
    return PodState(
        ip="10.244.0.2",
        host_ip="127.0.0.1",
        start_time="2026-01-01T00:00:00Z",
        init=init,
        containers=containers,
        initialized=True,
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (state(container(WAITING)), "Pending"),
        (state(container(RUNNING), container(WAITING)), "Pending"),
        (state(container(RUNNING)), "Running"),
        (state(container({"waiting": {"reason": "CrashLoopBackOff"}}, last=True)), "Running"),
        (state(ended(0), container(RUNNING)), "Running"),
        (state(ended(0), ended(0)), "Succeeded"),
        (state(ended(0), ended(2)), "Failed"),
        (state(container(WAITING), init=(ended(1),)), "Failed"),
        (state(container(WAITING), init=(ended(0),)), "Pending"),
    ],
)
def test_phase_follows_the_containers(given: PodState, expected: str) -> None:
    assert phase(given) == expected


def conditions(status: dict[str, Any]) -> dict[str, str]:
    return {each["type"]: each["status"] for each in status["conditions"]}


def test_ready_needs_every_container_and_every_gate() -> None:
    spec: dict[str, Any] = {"metadata": {}, "spec": {}, "status": {}}
    ready = state(container(RUNNING, ready=True))
    assert conditions(pod_status(spec, ready))["Ready"] == "True"
    unready = pod_status(spec, state(container(RUNNING, ready=True), container(RUNNING)))
    assert conditions(unready)["Ready"] == "False"
    assert "unready status: [c]" in next(each["message"] for each in unready["conditions"] if each["type"] == "Ready")
    gated = spec | {"spec": {"readinessGates": [{"conditionType": "example/gate"}]}}
    assert conditions(pod_status(gated, ready)) | {"x": ""} == {
        "PodReadyToStartContainers": "True",
        "Initialized": "True",
        "ContainersReady": "True",
        "Ready": "False",
        "x": "",
    }
    passed = gated | {"status": {"conditions": [{"type": "example/gate", "status": "True"}]}}
    assert conditions(pod_status(passed, ready))["Ready"] == "True"


def test_times_of_conditions_change_with_their_status_only() -> None:
    old = {"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"}
    spec: dict[str, Any] = {"metadata": {}, "spec": {}, "status": {"conditions": [old]}}

    def since(given: PodState) -> str:
        found = pod_status(spec, given)["conditions"]
        return str(next(each["lastTransitionTime"] for each in found if each["type"] == "Ready"))

    assert since(state(container(RUNNING, ready=True))) == "2020-01-01T00:00:00Z"
    assert since(state(container(RUNNING))) != "2020-01-01T00:00:00Z"
