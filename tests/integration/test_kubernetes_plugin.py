"""The kubernetes plugin that is there, between the real engine and a real control plane.

Set TENANTRY_KUBERNETES_PLUGIN=official to run the same tests against the official plugin.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.client.kubeconfig import load
from tenantry_kubernetes.client.sync import Kubernetes
from tenantry_kubernetes.plugin import plugin_launcher
from tenantry_toolchain import controlplane, engine

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

OFFICIAL = os.environ.get("TENANTRY_KUBERNETES_PLUGIN") == "official"
SECRET = "hunter2-very-secret"
NAMESPACE, CONFIG_MAP, POD = BUILT_IN["v1", "Namespace"], BUILT_IN["v1", "ConfigMap"], BUILT_IN["v1", "Pod"]
DEPLOYMENT, SERVICE = BUILT_IN["apps/v1", "Deployment"], BUILT_IN["v1", "Service"]
NODE = BUILT_IN["v1", "Node"]
SECRETS, INGRESS = BUILT_IN["v1", "Secret"], BUILT_IN["networking.k8s.io/v1", "Ingress"]

HEAD = """\
import json, os
import pulumi
import pulumi_kubernetes as k8s

pulumi.Config()
provider = k8s.Provider("k", enable_server_side_apply=True, upsert_existing_objects={upsert}, cluster_identifier="c")
default = pulumi.ResourceOptions(provider=provider)


def options(**more):
    return pulumi.ResourceOptions(provider=provider, **more)


"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class ControlPlane:
    """etcd, API server, controller manager and scheduler, and a node of which nothing exists but its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.binaries = controlplane.ensure()
        self.kubeconfig = folder / "kubeconfig"

    def up(self) -> None:
        client, peer, api, manager, scheduler = (free_port() for _ in range(5))
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        key = rsa.generate_private_key(65537, 2048)
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
        public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
        (self.folder / "sa.key").write_bytes(private)
        (self.folder / "sa.pub").write_bytes(public)
        (self.folder / "tokens.csv").write_text("admin-token,admin,admin,system:masters\n")
        urls = [f"http://127.0.0.1:{port}" for port in (client, peer)]
        self.start(
            self.binaries.etcd,
            "--data-dir=etcd",
            *(f"--{each}-client-urls={urls[0]}" for each in ("listen", "advertise")),
            *(f"--{each}-peer-urls={urls[1]}" for each in ("listen", "initial-advertise")),
            f"--initial-cluster=default={urls[1]}",
            "--unsafe-no-fsync",
        )
        self.start(
            self.binaries.kube_apiserver,
            f"--etcd-servers={urls[0]}",
            f"--secure-port={api}",
            "--bind-address=127.0.0.1",
            "--cert-dir=certs",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=sa.pub",
            "--service-account-signing-key-file=sa.key",
            "--authorization-mode=RBAC",
            "--token-auth-file=tokens.csv",
            "--service-cluster-ip-range=10.0.0.0/24",
        )
        self.kubeconfig.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": "c", "cluster": self.cluster(f"https://127.0.0.1:{api}")}],
                    "users": [{"name": "u", "user": {"token": "admin-token"}}],
                    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "x",
                }
            )
        )
        self.wait_until_ready()
        common = ("--kubeconfig=kubeconfig", "--leader-elect=false", "--bind-address=127.0.0.1")
        self.start(
            self.binaries.kube_controller_manager,
            *common,
            f"--secure-port={manager}",
            "--service-account-private-key-file=sa.key",
            "--use-service-account-credentials=false",
            # Nothing says that the node lives.
            "--controllers=*,-node-lifecycle-controller",
        )
        self.start(self.binaries.kube_scheduler, *common, f"--secure-port={scheduler}")
        self.add_node()

    def add_node(self) -> None:
        with self.client() as client:
            client.create(NODE, None, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node"}})
            client.patch(NODE, None, "node", {"spec": {"taints": None}})
            capacity = {"cpu": "8", "memory": "8Gi", "pods": "100"}
            status = {
                "conditions": [{"type": "Ready", "status": "True"}],
                "capacity": capacity,
                "allocatable": capacity,
            }
            client.patch(NODE, None, "node", {"status": status}, subresource="status")

    def cluster(self, server: str) -> dict[str, str]:
        return {"server": server, "certificate-authority": "certs/apiserver.crt"}

    def start(self, program: Path, *arguments: str) -> None:
        with (self.folder / f"{program.name}.log").open("wb") as log:
            process = subprocess.Popen([program, *arguments], cwd=self.folder, stdout=log, stderr=log)
        self.processes.append(process)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 90
        certificate = self.folder / "certs" / "apiserver.crt"
        while not (certificate.exists() and "END CERTIFICATE" in certificate.read_text()):
            assert time.monotonic() < deadline, "the API server made no certificate"
            time.sleep(0.1)
        with self.client() as client:
            while not client.ready():
                assert time.monotonic() < deadline, (self.folder / "kube-apiserver.log").read_text()[-2000:]
                time.sleep(0.1)

    def client(self) -> Kubernetes:
        return Kubernetes(load(str(self.kubeconfig)))

    def down(self) -> None:
        # Nobody needs its state again, and an API server takes its time to end.
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    made = ControlPlane(tmp_path_factory.mktemp("plane"))
    try:
        made.up()
        yield made
    finally:
        made.down()


@pytest.fixture(scope="module")
def api(plane: ControlPlane) -> Iterator[Kubernetes]:
    with plane.client() as client:
        yield client


@dataclass
class Stack:
    """One Pulumi project with one stack in a folder of its own."""

    folder: Path
    kubeconfig: Path
    pulumi: Path
    namespace: str
    variables: dict[str, str] = field(default_factory=dict)

    def program(self, text: str, *, upsert: bool = True) -> None:
        body = textwrap.dedent(text).replace("NAMESPACE", json.dumps(self.namespace))
        (self.folder / "__main__.py").write_text(HEAD.format(upsert=upsert) + body)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("PULUMI_", "TENANTRY_"))}
        home = {} if OFFICIAL else {"PULUMI_HOME": str(self.folder / "home")}
        return (
            kept
            | home
            | {
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
                "VIRTUAL_ENV": sys.prefix,
                "KUBECONFIG": str(self.kubeconfig),
                "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
                "PULUMI_CONFIG_PASSPHRASE": "test",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_SKIP_UPDATE_CHECK": "1",
            }
            | self.variables
        )

    def command(self, *arguments: str) -> list[str]:
        return [str(self.pulumi), *arguments, "--stack", "s", "--non-interactive", "--color", "never"]

    def run(self, *arguments: str, expect: int = 0) -> str:
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == expect, done.stdout
        assert "Traceback" not in done.stdout, done.stdout
        return done.stdout

    def up(self, *, expect: int = 0) -> str:
        return self.run("up", "--yes", "--skip-preview", expect=expect)

    def preview(self, *, expect: int = 0) -> str:
        return self.run("preview", "--diff", expect=expect)

    def unchanged(self) -> None:
        assert "unchanged" in self.run("up", "--yes", "--skip-preview", "--expect-no-changes")

    def destroy(self, api: Kubernetes) -> None:
        """Destroys everything; the namespace is gone by then."""
        self.run("destroy", "--yes", "--skip-preview")
        with pytest.raises(KubernetesError, match="not found"):
            api.get(NAMESPACE, None, self.namespace)

    def outputs(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("stack", "output", "--json"))
        return found

    def state_text(self) -> str:
        return (self.folder / "state/.pulumi/stacks/probe/s.json").read_text()

    def resource(self, name: str) -> dict[str, Any]:
        exported = json.loads(self.run("stack", "export"))["deployment"]["resources"]
        [found] = [each for each in exported if each["urn"].endswith(f"::{name}")]
        return dict(found)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, plane: ControlPlane) -> Stack:
    """A project whose stack was made and never deployed: each test has a copy."""
    folder = tmp_path_factory.mktemp("project")
    described: dict[str, Any] = {"name": "probe", "runtime": "python"}
    if not OFFICIAL:
        plugin_launcher(folder / "plugins")
        described["plugins"] = {"providers": [{"name": "kubernetes", "path": "plugins"}]}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(described))
    (folder / "state").mkdir()
    made = Stack(folder, plane.kubeconfig, engine.ensure().pulumi, "")
    made.run("stack", "init")
    return made


@pytest.fixture
def stack(
    tmp_path: Path, project: Stack, api: Kubernetes, kubelet: Kubelet, request: pytest.FixtureRequest
) -> Iterator[Stack]:
    name = "t-" + request.node.name.replace("test_", "").replace("_", "-")[:40].strip("-")
    shutil.copytree(project.folder, tmp_path, dirs_exist_ok=True)
    made = replace(project, folder=tmp_path, namespace=name, variables={})
    yield made
    # What a test is about, it destroys itself; this only clears up, and waits for nothing.
    with contextlib.suppress(KubernetesError):
        api.delete(NAMESPACE, None, name)


class Kubelet(threading.Thread):
    """Plays the node: gives the pods of a namespace the status that a test wants, and lets deleted pods go."""

    def __init__(self, client: Kubernetes) -> None:
        super().__init__(daemon=True)
        self.client = client
        self.wanted: dict[str, dict[str, Any]] = {}
        self.ended = threading.Event()

    def run(self) -> None:
        address = 0
        while not self.ended.wait(0.2):
            with contextlib.suppress(KubernetesError):
                for pod in self.client.list_objects(POD):
                    address += 1
                    self.look_after(pod, address % 250)

    def look_after(self, pod: dict[str, Any], address: int) -> None:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        wanted = self.wanted.get(namespace)
        if pod["metadata"].get("deletionTimestamp"):
            self.client.delete(POD, namespace, name, grace_seconds=0)
        elif wanted and pod["spec"].get("nodeName") and pod["status"].get("message") != "seen":
            ip = f"10.244.0.{address}"
            body = wanted | {"message": "seen", "podIP": ip, "podIPs": [{"ip": ip}]}
            self.client.patch(POD, namespace, name, {"status": body}, subresource="status")


@pytest.fixture(scope="module")
def kubelet(plane: ControlPlane) -> Iterator[Kubelet]:
    with plane.client() as client:
        made = Kubelet(client)
        made.start()
        yield made
        made.ended.set()
        made.join()


READY = {
    "phase": "Running",
    "conditions": [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Initialized", "Ready")],
    "containerStatuses": [
        {
            "name": "c",
            "ready": True,
            "restartCount": 0,
            "image": "x",
            "imageID": "",
            "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
        }
    ],
}
NO_IMAGE = {
    "phase": "Pending",
    "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "False"}],
    "containerStatuses": [
        {
            "name": "c",
            "ready": False,
            "restartCount": 0,
            "image": "x",
            "imageID": "",
            "state": {"waiting": {"reason": "ErrImagePull", "message": "no such image: x"}},
        }
    ],
}

OBJECTS = """
namespace = k8s.core.v1.Namespace("ns", metadata={"name": NAMESPACE}, opts=default)
V = os.environ["V"]


def at(name, **more):
    return {"namespace": namespace.metadata.name, "name": name} | more


def make(kind, name, metadata=None, **more):
    return kind(name, metadata=metadata or at(name), opts=default, **more)


core, pod = k8s.core.v1, {"containers": [{"name": "c", "image": "x", "resources": {"requests": {"cpu": "0.1"}}}]}
auto = make(core.ConfigMap, "auto", {"namespace": namespace.metadata.name}, data={"a": V})
make(core.ConfigMap, "named", at("named", labels={"v": V}))
make(core.Secret, "secret", string_data={"pw": "hunter2-very-secret"})
make(core.ServiceAccount, "account", automount_service_account_token=False)
make(core.ResourceQuota, "quota", spec={"hard": {"requests.cpu": "0.5", "pods": "10"}})
limits = [{"type": "Container", "default": {"memory": "1024Mi"}, "defaultRequest": {"cpu": "0.05"}}]
make(core.LimitRange, "limits", spec={"limits": limits})
policy = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": []}
make(k8s.networking.v1.NetworkPolicy, "policy", spec=policy)
make(k8s.rbac.v1.Role, "role", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}])
role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "role"}
subject = {"kind": "ServiceAccount", "name": "account", "namespace": namespace.metadata.name}
make(k8s.rbac.v1.RoleBinding, "binding", role_ref=role, subjects=[subject])
budget = {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}
make(k8s.policy.v1.PodDisruptionBudget, "budget", spec=budget)
target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
scaler = {"minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": target, "metrics": [cpu]}
make(k8s.autoscaling.v2.HorizontalPodAutoscaler, "scaler", spec=scaler)
job = {"spec": {"template": {"spec": pod | {"restartPolicy": "Never"}}}}
make(k8s.batch.v1.CronJob, "cron", spec={"schedule": "0 3 * * *", "timeZone": "Asia/Shanghai", "jobTemplate": job})
make(core.Service, "headless", spec={"clusterIP": "None", "selector": {"app": "x"}, "ports": [{"port": 80}]})
claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}}
unawaited = at("claim", annotations={"pulumi.com/skipAwait": "true"})
make(core.PersistentVolumeClaim, "claim", unawaited, spec=claim)
labels = {"app": "s"}
template = {"metadata": {"labels": labels}, "spec": pod}
stateful = {"replicas": 0, "serviceName": "headless", "selector": {"matchLabels": labels}, "template": template}
make(k8s.apps.v1.StatefulSet, "stateful", spec=stateful)
system = core.Namespace.get("kube-system", "kube-system", opts=default)
pulumi.export("auto", auto.metadata.name)
pulumi.export("uid", system.metadata.uid)
"""


def test_every_kind_is_made_once_and_stays(stack: Stack, api: Kubernetes) -> None:
    stack.program(OBJECTS)
    stack.variables["V"] = "1"
    assert "18 to create" in stack.preview()
    stack.up()
    outputs = stack.outputs()
    assert outputs["uid"] == api.get(NAMESPACE, None, "kube-system")["metadata"]["uid"]
    assert outputs["auto"].startswith("auto-")
    assert stack.resource("named")["id"] == f"{stack.namespace}/named"
    assert stack.resource("ns")["id"] == stack.namespace
    state = stack.resource("quota")["outputs"]
    assert state["status"]["hard"] == {"pods": "10", "requests.cpu": "500m"}
    assert state["metadata"]["uid"]
    stack.unchanged()
    assert "unchanged" in stack.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    stack.unchanged()

    stack.variables["V"] = "2"
    shown = stack.preview()
    assert "1 to update" in shown
    assert "+-1 to replace" in shown
    before = outputs["auto"]
    stack.up()
    after = stack.outputs()["auto"]
    assert after != before
    assert api.get(CONFIG_MAP, stack.namespace, after)["data"] == {"a": "2"}
    assert api.get(CONFIG_MAP, stack.namespace, "named")["metadata"]["labels"] == {"v": "2"}
    with pytest.raises(KubernetesError, match="not found"):
        api.get(CONFIG_MAP, stack.namespace, before)
    stack.destroy(api)


def test_secrets_are_nowhere_in_plain_text(stack: Stack, api: Kubernetes) -> None:
    stack.program(
        """
        namespace = k8s.core.v1.Namespace("ns", metadata={"name": NAMESPACE}, opts=default)
        value = pulumi.Output.secret(os.environ["PASSWORD"])
        pod = {"containers": [{"name": "c", "image": "x", "env": [{"name": "PW", "value": value}]}]}
        k8s.apps.v1.Deployment("d", metadata={"namespace": namespace.metadata.name, "name": "d"}, spec={
            "replicas": 0, "selector": {"matchLabels": {"app": "d"}},
            "template": {"metadata": {"labels": {"app": "d"}}, "spec": pod}}, opts=default)
        secret = k8s.core.v1.Secret("s", metadata={"namespace": namespace.metadata.name, "name": "s"},
            string_data={"pw": os.environ["PASSWORD"]}, opts=default)
        pulumi.export("data", secret.data)
        """
    )
    stack.variables["PASSWORD"] = SECRET
    shown = stack.preview() + stack.up()
    stack.variables["PASSWORD"] = f"{SECRET}-2"
    shown += stack.preview() + stack.up() + stack.run("refresh", "--yes", "--skip-preview")
    encoded = api.get(SECRETS, stack.namespace, "s")["data"]["pw"]
    for leaked in (SECRET, encoded):
        assert leaked not in shown
        assert leaked not in stack.state_text()
    assert "[secret]" in stack.run("stack", "output", "data")


DEPLOYED = """
namespace = k8s.core.v1.Namespace("ns", metadata={"name": NAMESPACE}, opts=default)
name = namespace.metadata.name
template = {"metadata": {"labels": {"app": os.environ.get("APP", "d")}, "annotations": {"v": os.environ.get("V", "1")}},
    "spec": {"containers": [{"name": "c", "image": "x"}], "terminationGracePeriodSeconds": 1}}
deployment = k8s.apps.v1.Deployment("d", metadata={"namespace": name, "name": "d"}, spec={
    "replicas": int(os.environ.get("R", "1")), "selector": {"matchLabels": {"app": os.environ.get("APP", "d")}},
    "template": template}, opts=options(ignore_changes=["spec.replicas"] if os.environ.get("IGNORE") else None,
    custom_timeouts=pulumi.CustomTimeouts(create=os.environ.get("TIME", "60s"), update=os.environ.get("TIME", "60s"))))
"""


def test_a_deployment_is_awaited(stack: Stack, api: Kubernetes, kubelet: Kubelet) -> None:
    stack.program(
        DEPLOYED
        + """
service = k8s.core.v1.Service("svc", metadata={"namespace": name, "name": "svc"}, spec={
    "selector": {"app": os.environ.get("APP", "d")}, "ports": [{"port": 80, "targetPort": 8080}]},
    opts=options(custom_timeouts=pulumi.CustomTimeouts(create="60s")))
pulumi.export("ready", deployment.status.ready_replicas)
pulumi.export("ip", service.spec.cluster_ip)
"""
    )
    kubelet.wanted[stack.namespace] = READY
    stack.up()
    outputs = stack.outputs()
    assert outputs["ready"] == 1
    assert outputs["ip"].startswith("10.0.0.")
    stack.variables["V"] = "2"
    stack.up()
    found = api.get(DEPLOYMENT, stack.namespace, "d")
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    assert found["status"]["updatedReplicas"] == 1
    # Somebody scales; with ignore_changes that stays theirs, also when something else changes.
    api.patch(DEPLOYMENT, stack.namespace, "d", {"spec": {"replicas": 3}}, subresource="scale", manager="scaler")
    stack.variables |= {"IGNORE": "yes", "V": "3"}
    stack.up()
    assert api.get(DEPLOYMENT, stack.namespace, "d")["spec"]["replicas"] == 3
    stack.destroy(api)


def test_a_changed_selector_replaces(stack: Stack, api: Kubernetes) -> None:
    stack.program(DEPLOYED)
    stack.variables |= {"R": "0"}
    stack.up()
    before = api.get(DEPLOYMENT, stack.namespace, "d")["metadata"]["uid"]
    stack.variables["APP"] = "other"
    shown = stack.preview()
    assert "+-1 to replace" in shown
    # Named by the program: the old one goes first.
    shown = stack.up()
    assert shown.index("deleted original") < shown.index("creating replacement")
    after = api.get(DEPLOYMENT, stack.namespace, "d")
    assert after["metadata"]["uid"] != before
    assert after["spec"]["selector"] == {"matchLabels": {"app": "other"}}


def test_a_deployment_that_does_not_start(stack: Stack, api: Kubernetes, kubelet: Kubelet) -> None:
    stack.program(DEPLOYED)
    stack.variables["TIME"] = "6s"
    kubelet.wanted[stack.namespace] = NO_IMAGE
    shown = stack.up(expect=1)
    assert "timed out waiting to be Ready" in shown
    assert "ErrImagePull" in shown
    assert "no such image: x" in shown
    # The object is kept, with the reasons, and the next run goes on from there.
    kept = stack.resource("d")
    assert kept["id"] == f"{stack.namespace}/d"
    assert kept["outputs"]["spec"]["replicas"] == 1
    assert any("timed out" in each for each in kept["initErrors"])
    stack.variables["R"] = "0"
    stack.up()
    assert not stack.resource("d").get("initErrors")
    stack.unchanged()


def test_an_ingress_is_awaited(stack: Stack, api: Kubernetes) -> None:
    stack.program(
        """
        namespace = k8s.core.v1.Namespace("ns", metadata={"name": NAMESPACE}, opts=default)
        name = namespace.metadata.name
        service = k8s.core.v1.Service("svc", metadata={"namespace": name, "name": "svc",
            "annotations": {"pulumi.com/skipAwait": "true"}},
            spec={"selector": {"app": "x"}, "ports": [{"port": 80}]}, opts=default)
        backend = {"service": {"name": "svc", "port": {"number": 80}}}
        ingress = k8s.networking.v1.Ingress("i", metadata={"namespace": name, "name": "i"}, spec={"rules": [
            {"host": "x.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]},
            opts=options(depends_on=[service], custom_timeouts=pulumi.CustomTimeouts(create=os.environ["TIME"])))
        pulumi.export("ip", ingress.status.load_balancer.ingress[0].ip)
        """
    )
    stack.variables["TIME"] = "3s"
    assert "loadBalancer" in stack.up(expect=1)
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}}
    api.patch(INGRESS, stack.namespace, "i", status, subresource="status")
    stack.variables["TIME"] = "60s"
    stack.up()
    assert stack.outputs()["ip"] == "127.0.0.1"


def test_rejections_name_the_object(stack: Stack) -> None:
    program = """
        namespace = k8s.core.v1.Namespace("ns", metadata={"name": NAMESPACE}, opts=default)
        k8s.core.v1.Service("web", metadata={"namespace": namespace.metadata.name, "name": "web"},
            spec={"selector": {"a": "b"}, "ports": [{"port": int(os.environ["PORT"])}]}, opts=default)
        """
    stack.program(program)
    stack.variables["PORT"] = "99999"
    # The namespace is not there yet: the server cannot check what goes into it.
    assert "4 to create" in stack.preview()
    shown = stack.up(expect=1)
    assert f"{stack.namespace}/web" in shown
    assert "must be between 1 and 65535" in shown
    # Now it is, and the preview says it.
    shown = stack.preview(expect=1)
    assert "must be between 1 and 65535" in shown
    assert "web" in shown


def test_what_exists_already(stack: Stack, api: Kubernetes) -> None:
    stack.program('k8s.core.v1.Namespace("ns", metadata={"name": NAMESPACE}, opts=default)\n', upsert=False)
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": stack.namespace}}
    uid = api.create(NAMESPACE, None, body)["metadata"]["uid"]
    assert "already exists" in stack.up(expect=1)
    stack.program('k8s.core.v1.Namespace("ns", metadata={"name": NAMESPACE}, opts=default)\n')
    stack.up()
    assert stack.resource("ns")["outputs"]["metadata"]["uid"] == uid


def test_created_fields_can_be_removed(stack: Stack, api: Kubernetes) -> None:
    program = """
        labels = {"a": "1"} | ({"b": "2"} if os.environ.get("MORE") else {})
        k8s.core.v1.Namespace("ns", metadata={"name": NAMESPACE, "labels": labels}, opts=default)
        """
    stack.program(program, upsert=False)
    stack.variables["MORE"] = "1"
    stack.up()
    stack.variables["MORE"] = ""
    assert "1 to update" in stack.preview()
    stack.up()
    labels = api.get(NAMESPACE, None, stack.namespace)["metadata"]["labels"]
    assert "b" not in labels
    assert labels["a"] == "1"
    stack.unchanged()


def test_drift_is_found_and_mended(stack: Stack, api: Kubernetes) -> None:
    stack.program(
        """
        namespace = k8s.core.v1.Namespace("ns", metadata={"name": NAMESPACE}, opts=default)
        at = {"namespace": namespace.metadata.name, "annotations": {"pulumi.com/patchForce": "true"}}
        k8s.core.v1.ConfigMap("a", metadata=at | {"name": "a", "labels": {"x": "wanted"}}, opts=default)
        k8s.core.v1.ConfigMap("b", metadata=at | {"name": "b"}, opts=default)
        """
    )
    stack.up()
    api.patch(CONFIG_MAP, stack.namespace, "a", {"metadata": {"labels": {"x": "drifted"}}}, manager="somebody")
    api.delete(CONFIG_MAP, stack.namespace, "b")
    shown = stack.run("refresh", "--yes", "--skip-preview", "--diff")
    assert "drifted" in shown
    assert "1 deleted" in shown
    stack.up()
    assert api.get(CONFIG_MAP, stack.namespace, "a")["metadata"]["labels"] == {"x": "wanted"}
    assert api.get(CONFIG_MAP, stack.namespace, "b")
    stack.unchanged()


def test_custom_resources(stack: Stack, api: Kubernetes) -> None:
    stack.program(
        """
        namespace = k8s.core.v1.Namespace("ns", metadata={"name": NAMESPACE}, opts=default)
        schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object",
            "properties": {"size": {"type": "integer"}, "list": {"type": "array", "items": {"type": "string"}}}}}}}
        definition = k8s.apiextensions.v1.CustomResourceDefinition("crd", opts=default,
            metadata={"name": "widgets.test.example"}, spec={"group": "test.example", "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}]})
        widget = k8s.apiextensions.CustomResource("w", api_version="test.example/v1", kind="Widget",
            metadata={"namespace": namespace.metadata.name, "name": "w"},
            spec={"size": int(os.environ["SIZE"]), "list": []}, opts=options(depends_on=[definition]))
        pulumi.export("size", widget.spec["size"])
        """
    )
    stack.variables["SIZE"] = "1"
    stack.preview()
    stack.up()
    stack.unchanged()
    stack.variables["SIZE"] = "2"
    stack.up()
    assert stack.outputs()["size"] == 2
    kind = api.resolve("test.example/v1", "Widget")
    assert api.get(kind, stack.namespace, "w")["spec"] == {"size": 2, "list": []}
    stack.destroy(api)


def test_jobs_run_to_their_end(stack: Stack, api: Kubernetes, kubelet: Kubelet) -> None:
    stack.program(
        """
        namespace = k8s.core.v1.Namespace("ns", metadata={"name": NAMESPACE}, opts=default)
        k8s.batch.v1.Job("j", metadata={"namespace": namespace.metadata.name, "name": "j"}, spec={"backoffLimit": 0,
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}},
            opts=options(custom_timeouts=pulumi.CustomTimeouts(create="60s")))
        """
    )
    ended = {
        "exitCode": 3,
        "reason": "Error",
        "startedAt": "2026-01-01T00:00:00Z",
        "finishedAt": "2026-01-01T00:00:01Z",
    }
    container = {"name": "c", "ready": False, "restartCount": 0, "image": "x", "imageID": ""}
    failed = {"phase": "Failed", "containerStatuses": [container | {"state": {"terminated": ended}}]}
    kubelet.wanted[stack.namespace] = failed
    began = time.monotonic()
    shown = stack.up(expect=1)
    assert "BackoffLimitExceeded" in shown
    assert time.monotonic() - began < 50


def test_the_plugin_dies_with_its_engine(stack: Stack, api: Kubernetes, kubelet: Kubelet) -> None:
    stack.program(DEPLOYED)
    with subprocess.Popen(
        stack.command("up", "--yes", "--skip-preview"),
        cwd=stack.folder,
        env=stack.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(KubernetesError):
                api.get(DEPLOYMENT, stack.namespace, "d")
                break
            assert time.monotonic() < deadline
            time.sleep(0.1)
        plugins = [each for each in psutil.Process(process.pid).children(recursive=True) if _is_plugin(each)]
        assert plugins
        os.kill(process.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(plugins, timeout=2)
    assert not alive or OFFICIAL
    # What was half made is adopted by the next run.
    stack.run("cancel", "--yes")
    uid = api.get(DEPLOYMENT, stack.namespace, "d")["metadata"]["uid"]
    kubelet.wanted[stack.namespace] = READY
    stack.up()
    assert stack.resource("d")["outputs"]["metadata"]["uid"] == uid
    stack.destroy(api)


def _is_plugin(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return any("tenantry_kubernetes.plugin" in each or "resource-kubernetes" in each for each in process.cmdline())
    return False


@pytest.mark.skipif(OFFICIAL, reason="the official plugin is made for real clusters")
def test_real_clusters_are_refused(stack: Stack, plane: ControlPlane) -> None:
    stack.program('k8s.core.v1.Namespace("ns", metadata={"name": NAMESPACE}, opts=default)\n')
    elsewhere = plane.folder / "elsewhere"
    elsewhere.write_text(plane.kubeconfig.read_text().replace("127.0.0.1", "192.0.2.1"))
    stack.variables["KUBECONFIG"] = str(elsewhere)
    assert "only talks to API servers on this machine, not to https://192.0.2.1" in stack.preview(expect=1)
    stack.variables.clear()


def test_imports(stack: Stack, api: Kubernetes) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": stack.namespace, "labels": {"a": "1"}}}
    api.create(NAMESPACE, None, body)
    wanted = '{"name": NAMESPACE, "labels": {"a": "1", "kubernetes.io/metadata.name": NAMESPACE}}'
    text = f"""
        k8s.core.v1.Namespace("ns", metadata={wanted}, spec={{"finalizers": ["kubernetes"]}},
            opts=options(import_=NAMESPACE))
        """
    stack.program(text)
    assert "1 to import" in stack.preview()
    stack.up()
    stack.program(text.replace("options(import_=NAMESPACE)", "default"))
    stack.unchanged()
    stack.destroy(api)
