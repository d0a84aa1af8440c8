"""The Kubernetes runtime through the real engine and a real API server: what the server refuses names its component."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.testing.operator import Operator
from tenantry.testing.shared import SharedSandboxes
from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import Kind
from tenantry_kubernetes.client.kubeconfig import load_files
from tenantry_kubernetes.client.sync import Kubernetes
from tenantry_kubernetes.sandbox import KubernetesSandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

GROUP = "admissionregistration.k8s.io"
POLICY = Kind(GROUP, "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", namespaced=False)
BINDING = Kind(GROUP, "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", namespaced=False)
INSTANCE = "refused"
REASON = "this deployment breaks the house rules"


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    root = tmp_path_factory.mktemp("refused") / "project"
    shared = SharedSandboxes.of_run(tmp_path_factory)
    made = Operator(root, "kubernetes", {"PROBE_TOKEN": "kit-token"}, shared)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def client(operator: Operator) -> Iterator[Kubernetes]:
    settings = KubernetesSandbox().settings(operator.sandbox_folder)
    with closing(Kubernetes(load_files([Path(settings["TENANTRY_SANDBOX_KUBECONFIG"])]))) as opened:
        yield opened


def refuse(client: Kubernetes, component: str) -> None:
    """Lets the API server refuse every Deployment of this component of the instance."""
    marked = {"tenantry.dev/instance": INSTANCE}
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["deployments"],
    }
    policy: dict[str, Any] = {
        "apiVersion": f"{GROUP}/v1",
        "kind": POLICY.kind,
        "metadata": {"name": "house-rules"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule], "objectSelector": {"matchLabels": marked}},
            "validations": [{"expression": f"object.metadata.name != '{component}'", "message": REASON}],
        },
    }
    binding = {
        "apiVersion": f"{GROUP}/v1",
        "kind": BINDING.kind,
        "metadata": {"name": "house-rules"},
        "spec": {"policyName": "house-rules", "validationActions": ["Deny"]},
    }
    client.apply(POLICY, None, "house-rules", policy)
    client.apply(BINDING, None, "house-rules", binding)
    probe: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": component, "namespace": "default", "labels": marked},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"probe": "x"}},
            "template": {
                "metadata": {"labels": {"probe": "x"}},
                "spec": {"containers": [{"name": "x", "image": "x"}]},
            },
        },
    }
    kind = client.resolve("apps/v1", "Deployment")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        # A policy takes hold a moment after it was written.
        try:
            client.create(kind, "default", probe)
        except KubernetesError as error:
            if REASON in error.message:
                return
            raise
        client.delete(kind, "default", component)
        time.sleep(0.5)
    pytest.fail("the policy never took hold")


def test_a_rejection_names_the_component_that_caused_it(operator: Operator, client: Kubernetes) -> None:
    refuse(client, "api")
    operator.new(INSTANCE, "probe@1.0.0", KubernetesSandbox().accounts()["ingress"])
    run = operator.tenantry("up", INSTANCE, "--json", expect=None)
    assert run.exit_code != 0
    lines = [line for line in run.text.splitlines() if REASON in line]
    assert lines, run.text
    assert any("api" in line for line in lines), lines
    assert "Traceback" not in run.text
    client.delete(BINDING, None, "house-rules")
    assert operator.up(INSTANCE)["outputs"]["url"], "nothing stands in the way of the next up"
