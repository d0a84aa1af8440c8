"""Tasks, locks, killed migrations and failed rolls on a real API server; what they do to data is the kit's affair."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.contract.tasks import InstanceRef, SweepRequest, TaskRequest, TaskResult
from tenantry.errors import TaskError
from tenantry.testing.operator import Operator, eventually, get
from tenantry.testing.shared import SharedSandboxes
from tenantry_kubernetes.client.exec import run_in_pod
from tenantry_kubernetes.client.kinds import BUILT_IN, Kind
from tenantry_kubernetes.client.kubeconfig import Access, load_files
from tenantry_kubernetes.client.sync import Kubernetes
from tenantry_kubernetes.names import namespace_name
from tenantry_kubernetes.runtime import KubernetesRuntime
from tenantry_kubernetes.sandbox import KubernetesSandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

INSTANCE = "steps"
TOKEN = "a-token-that-nobody-must-see"
TEMPLATE = """\
spec: tenantry/v1
kind: AppTemplate
name: steps
version: VERSION
title: {en: Steps}
license: Apache-2.0
publisher: {name: Tenantry}
parameters: {token: {type: string, secret: true}}
components:
  api:
    type: service
    source: ./api
    runtime: python3.11
    command: [python, main.py]
    resources: {cpu: 0.1, memory: 64Mi}
    env: {TOKEN: "${param.token}"}
    migrate: {command: [python, migrate.py, "VERSION"], timeout: 60, rollback: safe}
routes: {/: api}
"""
MAIN = """\
import os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"VERSION")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""
MIGRATE = """\
import os, sys, time
print("token", os.environ["TOKEN"], flush=True)
# Long enough to be killed in the middle of it.
time.sleep(8 if sys.argv[1] == "1.1.0" else float(sys.argv[1]) if sys.argv[1].isdigit() else 0)
sys.exit(3 if sys.argv[1] == "fails" else 0)
"""
JOB, POD = BUILT_IN["batch/v1", "Job"], BUILT_IN["v1", "Pod"]
ADMISSION = "admissionregistration.k8s.io"
POLICY = Kind(ADMISSION, "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", namespaced=False)
BINDING = Kind(
    ADMISSION, "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", namespaced=False
)
REASON = "no version 1.2.0 here"


class Steps:
    """The deployed instance, the cluster, and the adapter as the plugin calls it."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self.account = dict(KubernetesSandbox().accounts()["ingress"])
        self.environment = dict(KubernetesSandbox().settings(operator.sandbox_folder))
        self.access: Access = load_files([Path(self.environment["TENANTRY_SANDBOX_KUBECONFIG"])])
        self.ref = InstanceRef(
            tenant=INSTANCE, instance=INSTANCE, mode="sandbox", runtime="kubernetes", region=None, account=self.account
        )
        self.namespace = namespace_name(self.ref)
        self.adapter = KubernetesRuntime()
        self.client = Kubernetes(self.access)
        self.url = ""

    def migration(self) -> dict[str, Any]:
        """The inputs of the stack's migration."""
        for resource in self.operator.state(INSTANCE)["deployment"]["resources"]:
            if resource["type"] == "tenantry:index:Migration":
                inputs: dict[str, Any] = resource["inputs"]
                return inputs
        raise AssertionError

    def run(self, spec: dict[str, Any], name: str, does: str = "nothing", timeout: int = 60) -> TaskResult:
        """One run of a command of the service."""
        request = TaskRequest(
            instance=self.ref,
            id=name,
            component="api",
            command=("python", "migrate.py", does),
            timeout=timeout,
            spec=spec,
        )
        return self.adapter.run_task(request, self.environment, lambda _text: None)

    def answers(self, version: str) -> None:
        """Waits until the instance answers with a version."""
        eventually(f"{self.url}/", lambda answer: answer.body == version.encode())

    def pods(self) -> list[dict[str, Any]]:
        """The service's pods that do not end."""
        found = self.client.list_objects(POD, self.namespace, labels="tenantry.dev/component=api")
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steps]:
    folder = tmp_path_factory.mktemp("steps")
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        place = folder / "catalogue" / "steps" / version
        (place / "api").mkdir(parents=True)
        (place / "template.yaml").write_text(TEMPLATE.replace("VERSION", version), encoding="utf-8")
        (place / "api" / "main.py").write_text(MAIN.replace("VERSION", version), encoding="utf-8")
        (place / "api" / "migrate.py").write_text(MIGRATE, encoding="utf-8")
    operator = Operator(
        folder / "project", "kubernetes", {"STEPS_TOKEN": TOKEN}, SharedSandboxes.of_run(tmp_path_factory)
    )
    operator.start(folder / "catalogue")
    made = Steps(operator)
    operator.new(INSTANCE, "steps@1.0.0", made.account, parameters={"token": {"ref": {"env": "STEPS_TOKEN"}}})
    made.url = operator.up(INSTANCE)["outputs"]["url"]
    made.answers("1.0.0")
    yield made
    made.client.close()
    operator.stop()


@pytest.fixture(scope="module")
def spec(steps: Steps) -> dict[str, Any]:
    task: dict[str, Any] = steps.migration()["steps"]["api"]["task"]
    return task


def test_a_task_runs_once_under_its_name(steps: Steps, spec: dict[str, Any]) -> None:
    assert steps.run(spec, "task-once") == TaskResult(outcome="succeeded", exit_code=0)
    job = steps.client.get(JOB, steps.namespace, "task-once")
    assert steps.run(spec, "task-once").found
    assert steps.client.get(JOB, steps.namespace, "task-once")["metadata"]["uid"] == job["metadata"]["uid"]
    assert len(steps.pods()) == 1, "no Service takes the task's pod for a copy of the service"


def test_a_failed_task_tells_what_it_said_and_nothing_secret(steps: Steps, spec: dict[str, Any]) -> None:
    failed = steps.run(spec, "task-fails", "fails")
    assert (failed.outcome, failed.exit_code) == ("failed", 3)
    assert failed.log == ("token [secret]",)
    uid = steps.client.get(JOB, steps.namespace, "task-fails")["metadata"]["uid"]
    assert steps.run(spec, "task-fails").outcome == "succeeded", "what failed is run anew"
    assert steps.client.get(JOB, steps.namespace, "task-fails")["metadata"]["uid"] != uid


def test_a_task_is_stopped_after_its_time_and_keeps_others_out(steps: Steps, spec: dict[str, Any]) -> None:
    results: list[TaskResult] = []
    slow = threading.Thread(target=lambda: results.append(steps.run(spec, "task-slow", "60", timeout=4)))
    slow.start()
    deadline = time.monotonic() + 20
    while not [
        job for job in steps.client.list_objects(JOB, steps.namespace) if job["metadata"]["name"] == "task-slow"
    ]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    with pytest.raises(TaskError, match="Another task of steps is running: the Job task-slow of api"):
        steps.run(spec, "task-other")
    slow.join()
    assert [result.outcome for result in results] == ["timeout"]
    assert "task-slow" not in [job["metadata"]["name"] for job in steps.client.list_objects(JOB, steps.namespace)]


def test_one_holder_at_a_time(steps: Steps) -> None:
    def hold(holder: str) -> Any:  # noqa: ANN401 - a context manager
        return steps.adapter.hold(steps.ref, holder, f"the work of {holder}", steps.environment)

    with hold("one"):
        with pytest.raises(TaskError, match="is locked for the work of one, since 20"), hold("two"):
            pass
        with hold("one"):
            pass
    with hold("two"):
        pass
    leases = steps.client.list_objects(BUILT_IN["coordination.k8s.io/v1", "Lease"], steps.namespace)
    assert leases == []


def test_commands_in_pods_take_and_give_bytes(steps: Steps, tmp_path: Path) -> None:
    given, taken = tmp_path / "given", tmp_path / "taken"
    given.write_bytes(os.urandom(3 * 2**20 + 7))
    (pod,) = steps.pods()
    where = (steps.access, steps.namespace, pod["metadata"]["name"], "api")
    command = ["sh", "-c", 'head -c "$1"; echo "$TOKEN" >&2; exit 5', "x", str(given.stat().st_size)]
    done = run_in_pod(*where, command, stdin=given, stdout=taken)
    assert (done.exit_code, done.stderr) == (5, f"{TOKEN}\n")
    assert taken.read_bytes() == given.read_bytes()
    assert run_in_pod(*where, ["true"]).exit_code == 0


def test_a_killed_migration_is_taken_up_where_it_is(steps: Steps) -> None:
    steps.operator.edit(INSTANCE, lambda tenant: tenant.update(template="steps@1.1.0"))
    running = steps.operator.spawn("up", INSTANCE)
    before = {job["metadata"]["uid"] for job in steps.client.list_objects(JOB, steps.namespace)}
    deadline = time.monotonic() + 60
    while not (
        begun := [
            job
            for job in steps.client.list_objects(JOB, steps.namespace, labels="tenantry.dev/task")
            if job["metadata"]["uid"] not in before and (job.get("status") or {}).get("active")
        ]
    ):
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    steps.answers("1.0.0")
    steps.operator.up(INSTANCE)
    steps.answers("1.1.0")
    ran = {
        pod["metadata"]["uid"]
        for pod in steps.client.list_objects(POD, steps.namespace, labels="tenantry.dev/task-of=api")
        if any(owner["uid"] == begun[0]["metadata"]["uid"] for owner in pod["metadata"].get("ownerReferences") or [])
    }
    assert len(ran) <= 1, "the run that was under way was waited for"
    assert steps.migration()["template"] == "steps@1.1.0"


def test_a_refused_roll_leaves_the_version_before_able_to_start_again(steps: Steps) -> None:
    def used() -> set[str]:
        return {
            found["metadata"]["name"]
            for found in steps.client.list_objects(
                BUILT_IN["v1", "ConfigMap"], steps.namespace, labels="tenantry.dev/by-content"
            )
        }

    serving = used()
    _refuse(steps)
    steps.operator.edit(INSTANCE, lambda tenant: tenant.update(template="steps@1.2.0"))
    failed = steps.operator.tenantry("up", INSTANCE, expect=None)
    assert failed.exit_code != 0
    assert REASON in failed.text
    assert len(used() - serving) == 1, "the new sources are there, beside the old ones"
    (pod,) = steps.pods()
    steps.client.delete(POD, steps.namespace, pod["metadata"]["name"])
    deadline = time.monotonic() + 60
    while [each["metadata"]["uid"] for each in steps.pods()] in ([], [pod["metadata"]["uid"]]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    steps.answers("1.1.0")
    # Back to the version before, whose sources were never taken away.
    steps.operator.edit(INSTANCE, lambda tenant: tenant.update(template="steps@1.1.0"))
    steps.operator.up(INSTANCE)
    assert serving <= used()


def test_the_sweep_removes_what_nothing_uses(steps: Steps) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "api-left", "labels": {"tenantry.dev/by-content": "true"}},
    }
    steps.client.create(BUILT_IN["v1", "ConfigMap"], steps.namespace, body)
    removed = steps.adapter.sweep(SweepRequest(instance=steps.ref, keep=()), steps.environment)
    assert "api-left" in removed
    assert not {"task-once", "task-fails"} & {
        job["metadata"]["name"] for job in steps.client.list_objects(JOB, steps.namespace)
    }
    (pod,) = steps.pods()
    steps.client.delete(POD, steps.namespace, pod["metadata"]["name"])
    steps.answers("1.1.0")
    result = steps.operator.up(INSTANCE)
    assert set(result["changes"]) <= {"same", "read"}, result["changes"]
    assert get(f"{steps.url}/").status == 200


def test_no_secret_was_said(steps: Steps) -> None:
    assert not [text for text in steps.operator.said if TOKEN in text]
    assert TOKEN not in json.dumps(steps.operator.state(INSTANCE))


def _refuse(steps: Steps) -> None:
    """Lets the API server refuse the instance's Deployments of version 1.2.0."""
    labels = "object.spec.template.metadata.labels['app.kubernetes.io/version']"
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["deployments"],
    }
    marked = {"matchLabels": {"tenantry.dev/instance": INSTANCE}}
    policy: dict[str, Any] = {
        "apiVersion": f"{ADMISSION}/v1",
        "kind": POLICY.kind,
        "metadata": {"name": "steps-rules"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule], "objectSelector": marked},
            "validations": [{"expression": f"{labels} != '1.2.0'", "message": REASON}],
        },
    }
    binding = {
        "apiVersion": f"{ADMISSION}/v1",
        "kind": BINDING.kind,
        "metadata": {"name": "steps-rules"},
        "spec": {"policyName": "steps-rules", "validationActions": ["Deny"]},
    }
    with closing(Kubernetes(steps.access)) as client:
        client.apply(POLICY, None, "steps-rules", policy)
        client.apply(BINDING, None, "steps-rules", binding)
    # A policy takes hold a moment after it was written.
    time.sleep(2)
