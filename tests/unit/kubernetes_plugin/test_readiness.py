from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.errors import TenantryError
from tenantry_kubernetes.plugin.objects import WAIT_FOR
from tenantry_kubernetes.plugin.readiness.custom import custom_rule
from tenantry_kubernetes.plugin.readiness.rules import RULES

if TYPE_CHECKING:
    from tenantry_kubernetes.plugin.readiness.verdict import Verdict

Object = dict[str, Any]


def judge(api_version: str, kind: str, live: Object, **related: list[Object]) -> Verdict:
    return RULES[api_version, kind].judge(live, related)


def condition(kind: str, status: str, reason: str = "", message: str = "") -> Object:
    return {"type": kind, "status": status, "reason": reason, "message": message}


ROLLED_OUT: Object = {
    "metadata": {"name": "d", "generation": 2, "annotations": {"deployment.kubernetes.io/revision": "2"}},
    "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "x", "a": "b"}}},
    "status": {
        "observedGeneration": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "conditions": [
            condition("Available", "True"),
            condition("Progressing", "True", "NewReplicaSetAvailable"),
        ],
    },
}


def deployment(**status: object) -> Object:
    made = copy.deepcopy(ROLLED_OUT)
    made["status"] |= status
    return made


def pod(name: str, owner: str = "ReplicaSet", **status: object) -> Object:
    return {"metadata": {"name": name, "ownerReferences": [{"kind": owner}]}, "status": status}


def test_a_rolled_out_deployment() -> None:
    assert judge("apps/v1", "Deployment", deployment()).ready
    watched = RULES["apps/v1", "Deployment"].related(ROLLED_OUT)
    assert [(each.kind, each.labels) for each in watched] == [("Pod", "a=b,app=x")]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"observedGeneration": 1}, "has not seen"),
        ({"updatedReplicas": 1}, "1 of 2 pods"),
        ({"readyReplicas": 0}, "0 of 2 pods"),
        ({"unavailableReplicas": 1}, "2 of 2 pods"),
        (
            {
                "conditions": [
                    condition("Available", "False", "MinimumReplicasUnavailable", "no minimum"),
                    condition("Progressing", "True", "NewReplicaSetAvailable"),
                ]
            },
            r"\[MinimumReplicasUnavailable\] no minimum",
        ),
        (
            {"conditions": [condition("Available", "True"), condition("Progressing", "True", "ReplicaSetUpdated")]},
            "still being rolled out",
        ),
        (
            {
                "conditions": [
                    condition("Available", "True"),
                    condition("Progressing", "False", "ProgressDeadlineExceeded", "too late"),
                ]
            },
            r"\[ProgressDeadlineExceeded\] too late",
        ),
        ({"conditions": []}, "not available yet"),
    ],
)
def test_deployments_on_their_way(status: Object, words: str) -> None:
    verdict = judge("apps/v1", "Deployment", deployment(**status))
    assert not verdict.ready
    assert not verdict.failed
    assert any(re.search(words, reason) for reason in verdict.reasons), verdict.reasons


def test_a_first_revision_needs_no_roll() -> None:
    made = deployment(conditions=[condition("Available", "True")])
    made["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1"
    assert judge("apps/v1", "Deployment", made).ready


def test_pods_say_why() -> None:
    pods = [
        pod("a", conditions=[condition("PodScheduled", "False", "Unschedulable", "0/1 nodes")]),
        pod(
            "b", containerStatuses=[{"name": "c", "state": {"waiting": {"reason": "ErrImagePull", "message": "no x"}}}]
        ),
        pod(
            "c",
            containerStatuses=[
                {
                    "name": "c",
                    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                    "lastState": {"terminated": {"reason": "Error", "exitCode": 3, "message": "boom"}},
                }
            ],
        ),
        pod("d", containerStatuses=[{"name": "c", "state": {"waiting": {"reason": "ContainerCreating"}}}]),
        pod("e", owner="Job", containerStatuses=[{"name": "c", "state": {"waiting": {"reason": "ErrImagePull"}}}]),
    ]
    reasons = judge("apps/v1", "Deployment", deployment(readyReplicas=0), Pod=pods).reasons
    assert reasons[1:] == (
        "[Pod a]: [Unschedulable] 0/1 nodes",
        "[Pod b]: container 'c' waits: [ErrImagePull] no x",
        "[Pod c]: container 'c' waits: [CrashLoopBackOff] back-off",
        "[Pod c]: container 'c' ended: [Error] exit code 3: boom",
    )


def endpoints(service: str, ready: bool | None) -> Object:
    conditions = {} if ready is None else {"conditions": {"ready": ready}}
    labels = {"kubernetes.io/service-name": service}
    return {
        "metadata": {"name": f"{service}-1", "labels": labels},
        "endpoints": [{"addresses": ["10.0.0.1"]} | conditions],
    }


@pytest.mark.parametrize(
    ("spec", "slices", "ready"),
    [
        ({"selector": {"a": "b"}}, [], False),
        ({"selector": {"a": "b"}}, [endpoints("s", ready=False)], False),
        ({"selector": {"a": "b"}}, [endpoints("s", ready=True)], True),
        ({"selector": {"a": "b"}}, [endpoints("s", ready=None)], True),
        ({"selector": {"a": "b"}, "clusterIP": "None"}, [], True),
        ({"type": "ExternalName", "selector": {"a": "b"}}, [], True),
        ({}, [], True),
        ({"type": "LoadBalancer", "selector": {"a": "b"}}, [endpoints("s", ready=True)], False),
    ],
)
def test_services(spec: Object, slices: list[Object], ready: bool) -> None:
    service = {"metadata": {"name": "s"}, "spec": spec}
    assert judge("v1", "Service", service, EndpointSlice=slices).ready is ready


def ingress(*services: str, address: bool = True) -> Object:
    paths = [{"path": f"/{name}", "backend": {"service": {"name": name}}} for name in services]
    status = {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}} if address else {}
    return {"metadata": {"name": "i"}, "spec": {"rules": [{"host": "h", "http": {"paths": paths}}]}, "status": status}


def test_ingresses() -> None:
    slices = [endpoints("a", ready=False)]
    alias = {"metadata": {"name": "b"}, "spec": {"type": "ExternalName"}}
    assert judge("networking.k8s.io/v1", "Ingress", ingress("a", "b"), EndpointSlice=slices, Service=[alias]).ready
    missing = judge("networking.k8s.io/v1", "Ingress", ingress("a", "c"), EndpointSlice=slices)
    assert missing.reasons == ("No service with endpoints for the rule h/c -> 'c'",)
    waiting = judge("networking.k8s.io/v1", "Ingress", ingress("a", address=False), EndpointSlice=slices)
    assert "no ingress controller" in waiting.reasons[0]


@pytest.mark.parametrize(
    ("conditions", "ready", "failed"),
    [
        ([], False, False),
        ([condition("Complete", "True")], True, False),
        ([condition("Failed", "True", "BackoffLimitExceeded", "too often")], False, True),
    ],
)
def test_jobs(conditions: list[Object], ready: bool, failed: bool) -> None:
    verdict = judge("batch/v1", "Job", {"status": {"conditions": conditions}})
    assert (verdict.ready, verdict.failed) == (ready, failed)


def test_stateful_sets_and_daemon_sets() -> None:
    made: Object = {"metadata": {"generation": 1}, "spec": {"replicas": 2}}
    done = {"observedGeneration": 1, "readyReplicas": 2, "currentRevision": "r", "updateRevision": "r"}
    assert judge("apps/v1", "StatefulSet", made | {"status": done}).ready
    assert not judge("apps/v1", "StatefulSet", made | {"status": done | {"updateRevision": "s"}}).ready
    assert not judge("apps/v1", "StatefulSet", made | {"status": done | {"readyReplicas": 1}}).ready
    counts = {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}
    assert judge("apps/v1", "DaemonSet", made | {"status": counts}).ready
    assert not judge("apps/v1", "DaemonSet", made | {"status": counts | {"numberAvailable": 0}}).ready


@pytest.mark.parametrize(
    ("phase", "mode", "ready"),
    [
        ("Bound", "Immediate", True),
        ("Pending", "WaitForFirstConsumer", True),
        ("Pending", "Immediate", False),
        ("", "", False),
    ],
)
def test_claims(phase: str, mode: str, ready: bool) -> None:
    claim = {"spec": {"storageClassName": "c"}, "status": {"phase": phase}}
    classes = [{"metadata": {"name": "c"}, "volumeBindingMode": mode}]
    assert judge("v1", "PersistentVolumeClaim", claim, StorageClass=classes).ready is ready


def test_pods_and_quotas() -> None:
    assert judge("v1", "Pod", pod("p", conditions=[condition("Ready", "True")])).ready
    assert judge("v1", "Pod", pod("p", phase="Succeeded")).ready
    assert "Evicted" in judge("v1", "Pod", pod("p", phase="Failed", reason="Evicted")).reasons[0]
    assert judge("v1", "ResourceQuota", {"spec": {"hard": {"a": 1}}, "status": {"hard": {"a": 1}}}).ready
    assert not judge("v1", "ResourceQuota", {"spec": {"hard": {"a": 1}}, "status": {}}).ready


def asked(expression: str) -> Object:
    return {"metadata": {"annotations": {WAIT_FOR: expression}}}


@pytest.mark.parametrize(
    ("expression", "ready"),
    [
        ("condition=Accepted", True),
        ("condition=Accepted=False", False),
        ("jsonpath={.status.phase}", True),
        ("jsonpath={.status.phase}=Ready", True),
        ("jsonpath={.status.count}=3", True),
        ("jsonpath={.status.missing}", False),
        ('["condition=Accepted", "jsonpath={.status.count}=4"]', False),
    ],
)
def test_conditions_of_ones_own(expression: str, ready: bool) -> None:
    live = {"status": {"phase": "Ready", "count": 3, "conditions": [condition("Accepted", "True")]}}
    rule = custom_rule(asked(expression))
    assert rule is not None
    assert rule.judge(live, {}).ready is ready


def test_conditions_that_are_not_understood() -> None:
    assert custom_rule({}) is None
    with pytest.raises(TenantryError, match="does not understand"):
        custom_rule(asked("jsonpath={.items[?(@.x)]}"))
