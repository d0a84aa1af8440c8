"""The Kubernetes sandbox: a real control plane, pods as local processes, requests through the gateway."""

from __future__ import annotations

import base64
import concurrent.futures
import json
import os
import signal
import ssl
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import httpx
import psutil
import pytest

from tenantry.contract.sandbox import loopback_address, loopback_url
from tenantry_kubernetes.client import requests
from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import BUILT_IN, Kind
from tenantry_kubernetes.client.requests import Request
from tenantry_kubernetes.sandbox import KubernetesSandbox
from tenantry_kubernetes.sandbox.layout import DAEMONS, Layout
from tenantry_vendor.sandbox.authority import Authority
from tenantry_vendor.sandbox.launcher import process_identity
from tenantry_vendor.sandbox.process import ProcessRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tenantry_kubernetes.client.sync import Kubernetes

pytestmark = pytest.mark.integration

IMAGE = "docker.io/library/python:3.11-slim"
HTTP_ROUTE = Kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes")
POD = BUILT_IN["v1", "Pod"]
DEPLOYMENT = BUILT_IN["apps/v1", "Deployment"]
SECRET = BUILT_IN["v1", "Secret"]

SERVER = """\
import http.server, json, os, pathlib, threading, time

HOG = []
print("serving", os.environ["PORT"], flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(3)
        if self.path.startswith("/hog"):
            HOG.append(bytearray(200 * 1024 * 1024))
        if self.path == "/slow":
            time.sleep(1)
        self.answer(b"")

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body):
        secret = pathlib.Path("secrets/key")
        text = json.dumps({
            "path": self.path, "pid": os.getpid(), "environment": dict(os.environ), "headers": dict(self.headers),
            "cwd": os.getcwd(), "body": len(body), "secret": secret.read_text() if secret.exists() else None,
            "version": os.environ.get("VERSION"),
        }).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


class Running(Protocol):
    """The fixture `sandbox`."""

    @property
    def folder(self) -> Path: ...
    @property
    def settings(self) -> Mapping[str, str]: ...
    def client(self) -> Kubernetes: ...
    def up(self) -> list[str]: ...
    def down(self) -> None: ...


class App:
    """One namespace with a Deployment of the server above, its Service, and what routes to it."""

    def __init__(self, folder: Path, settings: Mapping[str, str], client: Kubernetes, name: str) -> None:
        self.folder = folder
        self.settings = settings
        self.client = client
        self.name = name
        self.host = f"{name}.{settings['TENANTRY_SANDBOX_HOST_SUFFIX']}"
        self.url = loopback_url(self.host, settings["TENANTRY_SANDBOX_HTTP_PORT"])
        self.apply("v1", "Namespace", {"metadata": {"name": name}})
        self.apply("v1", "ConfigMap", {"metadata": {"name": "source"}, "data": {"main.py": SERVER}})
        service = {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
        self.apply("v1", "Service", {"metadata": {"name": "web"}, "spec": service})

    def apply(self, api_version: str, kind: str, body: dict[str, Any]) -> None:
        known = BUILT_IN.get((api_version, kind)) or self.client.resolve(api_version, kind)
        namespace = self.name if known.namespaced else None
        metadata = body["metadata"] | ({"namespace": namespace} if namespace else {})
        whole = {"apiVersion": api_version, "kind": kind} | body | {"metadata": metadata}
        self.client.apply(known, namespace, metadata["name"], whole, force=True)

    def deploy(self, *, replicas: int = 1, version: str = "1", **container: object) -> None:
        spec: dict[str, Any] = {
            "name": "web",
            "image": IMAGE,
            "command": ["python", "main.py"],
            "workingDir": "/srv/app",
            "env": [
                {"name": "PORT", "value": "8080"},
                {"name": "HOST", "value": "0.0.0.0"},  # noqa: S104 - as pods carry it; the node makes it the loopback
                {"name": "VERSION", "value": version},
                {"name": "DATA", "value": "/srv/app/data:$(VERSION)"},
            ],
            "ports": [{"name": "http", "containerPort": 8080}],
            "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1},
            "volumeMounts": [{"name": "source", "mountPath": "/srv/app"}],
        } | container
        volumes: list[dict[str, Any]] = [{"name": "source", "configMap": {"name": "source"}}]
        if any(mount["name"] == "secrets" for mount in spec["volumeMounts"]):
            volumes.append({"name": "secrets", "secret": {"secretName": "secrets"}})
        template = {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [spec], "volumes": volumes, "terminationGracePeriodSeconds": 5},
        }
        body = {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": template,
        }
        self.apply("apps/v1", "Deployment", {"metadata": {"name": "web"}, "spec": body})

    def ingress(self, **spec: object) -> None:
        paths = [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"name": "http"}}}}]
        rules = [{"host": self.host, "http": {"paths": paths}}]
        self.apply("networking.k8s.io/v1", "Ingress", {"metadata": {"name": "web"}, "spec": {"rules": rules} | spec})

    def pods(self) -> list[dict[str, Any]]:
        return self.client.list_objects(POD, self.name)

    def status(self) -> dict[str, Any]:
        return dict(self.pods()[0]["status"]["containerStatuses"][0])

    def rolled_out(self) -> bool:
        found = self.client.get(DEPLOYMENT, self.name, "web")
        status, wanted = found.get("status", {}), found["spec"]["replicas"]
        return bool(
            status.get("observedGeneration") == found["metadata"]["generation"]
            and status.get("updatedReplicas") == status.get("availableReplicas") == status.get("replicas") == wanted
        )

    def ask(self, path: str = "/") -> dict[str, Any]:
        answer = httpx.get(self.url + path, trust_env=False)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def answers(self) -> bool:
        try:
            return httpx.get(self.url, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def processes(self) -> list[int]:
        """Processes of this namespace's pods, found by their folders and not by what the sandbox says of them."""
        marks = [f"{self.folder}/pods/{pod['metadata']['uid']}/" for pod in self.pods()]
        found = []
        for process in psutil.process_iter():
            try:
                # Commands of probes come and go; servers stay.
                is_server = "main.py" in " ".join(process.cmdline())
                if is_server and any(mark in process.cwd() + "/" for mark in marks):
                    found.append(process.pid)
            except psutil.Error:
                continue
        return found

    def remove(self) -> None:
        self.client.delete(BUILT_IN["v1", "Namespace"], None, self.name)


def until(done: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what} in vain"
        time.sleep(0.1)


def still_running(pids: list[int]) -> list[int]:
    # Whoever is process 1 may take its time to reap what has ended.
    return [pid for pid in pids if process_identity(pid) is not None]


@pytest.fixture
def client(sandbox: Running) -> Iterator[Kubernetes]:
    with closing(sandbox.client()) as opened:
        yield opened


@pytest.fixture
def app(sandbox: Running, client: Kubernetes, request: pytest.FixtureRequest) -> Iterator[App]:
    name = request.node.name.removeprefix("test_").replace("_", "-")[:40].strip("-")
    made = App(sandbox.folder, sandbox.settings, client, name)
    yield made
    made.remove()


def test_ingress_routes_to_a_pod_with_exactly_its_environment(app: App) -> None:
    app.deploy()
    app.ingress()
    until(app.answers, "the ingress to answer")
    answer = app.ask("/a%20b//c%2Fd?x=1")
    assert answer["path"] == "/a%20b//c%2Fd?x=1"
    assert set(answer["environment"]) == {
        "PATH", "HOME", "TMPDIR", "LANG", "HOSTNAME", "PORT", "HOST", "VERSION", "DATA"
    }  # fmt: skip
    environment = answer["environment"]
    assert environment["HOST"] == "127.0.0.1"
    assert environment["PORT"] != "8080"
    assert environment["DATA"] == f"{answer['cwd']}/data:1"
    assert environment["PATH"].endswith("/bin:/usr/bin:/bin")
    assert answer["headers"]["Host"] == app.url.removeprefix("http://")
    assert answer["headers"]["X-Forwarded-Proto"] == "http"
    ports = json.loads(app.pods()[0]["metadata"]["annotations"]["sandbox.tenantry.dev/local-ports"])
    assert str(ports["8080"]) == environment["PORT"]
    ingress = app.client.get(BUILT_IN["networking.k8s.io/v1", "Ingress"], app.name, "web")
    assert ingress["status"]["loadBalancer"]["ingress"][0]["ip"] == loopback_address(app.host)


def test_main_address_routes_by_host_and_streams_bodies(app: App) -> None:
    app.deploy()
    app.ingress()
    until(app.answers, "the ingress to answer")
    main = f"http://127.0.0.1:{app.settings['TENANTRY_SANDBOX_HTTP_PORT']}"
    named = httpx.post(main + "/in", headers={"Host": app.host}, content=b"x" * 3_000_000, trust_env=False)
    assert named.json()["body"] == 3_000_000
    assert named.json()["headers"]["Host"] == app.host
    unknown = httpx.get(main, headers={"Host": "nobody.example"}, trust_env=False)
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "text/plain; charset=utf-8")


def test_httproute_routes_and_reports(app: App, client: Kubernetes) -> None:
    app.deploy()
    namespace, _, name = app.settings["TENANTRY_SANDBOX_GATEWAY"].partition("/")
    spec: dict[str, Any] = {
        "parentRefs": [{"name": name, "namespace": namespace}],
        "hostnames": [app.host],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/api"}}],
                "backendRefs": [{"name": "web", "port": 80}],
            }
        ],
    }
    app.apply(HTTP_ROUTE.api_version, "HTTPRoute", {"metadata": {"name": "web"}, "spec": spec})
    until(lambda: httpx.get(app.url + "/api/x", trust_env=False).status_code == 200 if listens(app) else False, "route")
    assert app.ask("/api/x")["path"] == "/api/x"
    assert httpx.get(app.url + "/apix", trust_env=False).status_code == 404

    def conditions() -> dict[str, tuple[str, str]]:
        parents = client.get(HTTP_ROUTE, app.name, "web").get("status", {}).get("parents", [])
        listed = parents[0]["conditions"] if parents else []
        return {each["type"]: (each["status"], each["reason"]) for each in listed}

    assert conditions() == {"Accepted": ("True", "Accepted"), "ResolvedRefs": ("True", "ResolvedRefs")}
    redirect = {"type": "RequestRedirect", "requestRedirect": {"statusCode": 301, "scheme": "https"}}
    spec["rules"] = [{"filters": [redirect]}]
    app.apply(HTTP_ROUTE.api_version, "HTTPRoute", {"metadata": {"name": "web"}, "spec": spec})
    until(lambda: conditions().get("Accepted") == ("False", "UnsupportedValue"), "the filter to be refused")
    gateway = client.get(Kind("gateway.networking.k8s.io", "v1", "Gateway", "gateways"), namespace, name)
    assert {"Accepted", "Programmed"} == {c["type"] for c in gateway["status"]["conditions"] if c["status"] == "True"}


def listens(app: App) -> bool:
    try:
        httpx.get(app.url, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def test_crashed_container_is_started_again_with_back_off(app: App) -> None:
    app.deploy()
    app.ingress()
    until(app.answers, "the ingress to answer")
    before = app.ask()["pid"]
    assert httpx.get(app.url + "/die", trust_env=False).status_code == 502
    until(lambda: app.answers() and app.ask()["pid"] != before, "the first restart")
    assert app.status()["restartCount"] == 1
    assert app.status()["lastState"]["terminated"]["exitCode"] == 3
    httpx.get(app.url + "/die", trust_env=False)
    until(lambda: app.status()["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff", "the back-off", 10)
    assert httpx.get(app.url, trust_env=False).status_code == 503
    until(app.answers, "the second restart")
    assert app.status()["restartCount"] == 2
    assert len(app.processes()) == 1


def test_secret_reaches_the_pod_and_a_rollout_brings_the_new_one(app: App) -> None:
    def secret(value: str) -> None:
        data = {"key": base64.b64encode(value.encode()).decode()}
        app.apply("v1", "Secret", {"metadata": {"name": "secrets"}, "data": data})

    mounts = [
        {"name": "source", "mountPath": "/srv/app"},
        {"name": "secrets", "mountPath": "/srv/app/secrets"},
    ]
    reference = {"secretKeyRef": {"name": "secrets", "key": "key"}}
    env = [{"name": "PORT", "value": "8080"}, {"name": "HOST", "value": "::"}, {"name": "KEY", "valueFrom": reference}]
    command = ["python", "-c", "import os; os.chdir('/srv/app/secrets/..'); exec(open('/srv/app/main.py').read())"]
    secret("one")
    app.deploy(env=env, volumeMounts=mounts, command=command)
    app.ingress()
    until(app.answers, "the ingress to answer")
    assert app.ask()["environment"]["KEY"] == "one"
    secret("two")
    app.deploy(env=[*env, {"name": "CHECKSUM", "value": "2"}], volumeMounts=mounts, command=command)
    until(app.rolled_out, "the rollout")
    assert app.ask()["environment"]["KEY"] == "two"


@contextmanager
def asking(app: App) -> Iterator[list[tuple[int, str]]]:
    """Asks without a pause from three threads; gives what was answered, status and version, once it is over."""
    stop = threading.Event()
    seen: list[tuple[int, str]] = []

    def ask_on() -> None:
        with httpx.Client(trust_env=False, timeout=10) as http:
            while not stop.is_set():
                answer = http.get(app.url)
                seen.append((answer.status_code, answer.json()["version"] if answer.is_success else answer.text))

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(ask_on) for _ in range(3)]
        try:
            yield seen
        finally:
            stop.set()
        for future in asked:
            future.result()


def test_rollout_loses_no_request(app: App) -> None:
    app.deploy(replicas=2)
    app.ingress()
    until(app.rolled_out, "the first rollout")
    until(app.answers, "the ingress to answer")
    with asking(app) as seen:
        for version in ("2", "3"):
            app.deploy(replicas=2, version=version)
            until(app.rolled_out, "the rollout")
        time.sleep(1)
    assert {status for status, _ in seen} == {200}, [each for each in seen if each[0] != 200][:5]
    assert {version for _, version in seen} == {"1", "2", "3"}
    assert app.ask()["version"] == "3"


def test_container_over_its_memory_limit_is_killed(app: App) -> None:
    app.deploy(resources={"limits": {"memory": "100Mi"}, "requests": {"memory": "50Mi"}})
    app.ingress()
    until(app.answers, "the ingress to answer")
    httpx.get(app.url + "/hog", trust_env=False)
    until(lambda: app.status()["lastState"].get("terminated") is not None, "the kill")
    ended = app.status()["lastState"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)
    until(app.answers, "the restart")


def test_logs_are_read_through_the_api_server(app: App, client: Kubernetes) -> None:
    app.deploy()
    app.ingress()
    until(app.answers, "the ingress to answer")
    pod = app.pods()[0]["metadata"]["name"]
    port = app.ask()["environment"]["PORT"]
    assert list(client.logs(app.name, pod)) == [f"serving {port}"]
    with pytest.raises(KubernetesError, match="timestamps"):
        client.send(Request(method="GET", path=POD.path(app.name, pod, "log"), params={"timestamps": "true"}))


def test_unknown_image_says_what_the_sandbox_can_run(app: App) -> None:
    app.deploy(image="docker.io/library/nginx:1.27")

    def waiting() -> dict[str, str]:
        pods = app.pods()
        statuses = pods[0]["status"].get("containerStatuses", []) if pods else []
        return dict(statuses[0]["state"].get("waiting", {})) if statuses else {}

    until(lambda: waiting().get("reason") in {"ErrImagePull", "ImagePullBackOff"}, "the image to be refused")
    assert "python:3.11" in waiting()["message"]
    assert not app.processes()


def test_root_is_refused_where_the_pod_must_not_be_root(app: App) -> None:
    app.deploy(securityContext={"runAsNonRoot": True})
    until(lambda: bool(app.pods() and app.pods()[0]["status"].get("containerStatuses")), "a status")
    until(lambda: "root" in app.status()["state"].get("waiting", {}).get("message", ""), "the refusal")


def test_https_is_verified_by_the_exported_authority(app: App, tmp_path: Path) -> None:
    own = Authority(tmp_path, "own")
    provided = f"provided.{app.host}"
    certificate, key = own.issue(provided, hosts=[provided])
    data = {"tls.crt": base64.b64encode(certificate).decode(), "tls.key": base64.b64encode(key).decode()}
    app.apply("v1", "Secret", {"metadata": {"name": "tls"}, "type": "kubernetes.io/tls", "data": data})
    app.deploy()
    paths = [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]
    rules = [{"host": host, "http": {"paths": paths}} for host in (app.host, provided)]
    app.ingress(rules=rules, tls=[{"hosts": [provided], "secretName": "tls"}])
    until(app.answers, "the ingress to answer")
    port = app.settings["TENANTRY_SANDBOX_HTTPS_PORT"]
    trusted = ssl.create_default_context(cafile=app.settings["TENANTRY_SANDBOX_CA_FILE"])
    by_address = httpx.get(f"https://{loopback_address(app.host)}:{port}/", verify=trusted, trust_env=False)
    assert by_address.json()["headers"]["X-Forwarded-Proto"] == "https"

    def by_name(host: str, context: ssl.SSLContext) -> httpx.Response:
        with httpx.Client(verify=context, trust_env=False) as http:
            url = f"https://127.0.0.1:{port}/"
            return http.get(url, headers={"Host": host}, extensions={"sni_hostname": host})

    assert by_name(app.host, trusted).status_code == 200
    assert by_name(provided, ssl.create_default_context(cafile=str(own.certificate_file))).status_code == 200
    with pytest.raises(httpx.ConnectError, match="certificate"):
        by_name(provided, trusted)


def test_node_killed_and_started_again_keeps_every_process_once(app: App, sandbox: Running) -> None:
    app.apply("v1", "Secret", {"metadata": {"name": "secrets"}, "stringData": {"key": "one"}})
    probe = {"exec": {"command": ["python", "-c", "import os; assert os.environ['KEY'] == 'one'"]}, "periodSeconds": 1}
    env = [
        {"name": "PORT", "value": "8080"},
        {"name": "HOST", "value": "::"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "secrets", "key": "key"}}},
    ]
    app.deploy(replicas=2, env=env, livenessProbe=probe, readinessProbe=probe)
    app.ingress()
    until(app.rolled_out, "the rollout")
    until(app.answers, "the ingress to answer")
    before = sorted(app.processes())
    node = ProcessRecord.read(sandbox.folder / "run" / "node.json")
    assert node is not None
    with asking(app) as seen:
        os.kill(node.pid, signal.SIGKILL)
        said = sandbox.up()
        time.sleep(3)
    assert {status for status, _ in seen} == {200}
    assert "Starting node" in said
    assert not any("etcd" in line or "apiserver" in line for line in said)
    assert sorted(app.processes()) == before
    assert [pod["status"]["containerStatuses"][0]["restartCount"] for pod in app.pods()] == [0, 0]
    os.kill(before[0], signal.SIGKILL)
    until(lambda: sum(pod["status"]["containerStatuses"][0]["restartCount"] for pod in app.pods()) == 1, "the restart")
    until(lambda: len(app.processes()) == 2, "two servers")
    until(app.rolled_out, "both to be ready")
    assert before[1] in app.processes()


def test_deleted_pods_leave_nothing(app: App, sandbox: Running) -> None:
    app.deploy(replicas=2)
    until(app.rolled_out, "the rollout")
    folders = [sandbox.folder / "pods" / pod["metadata"]["uid"] for pod in app.pods()]
    running = app.processes()
    assert len(running) == 2
    app.client.delete(DEPLOYMENT, app.name, "web")
    until(lambda: not app.pods(), "the pods to go")
    until(lambda: not any(folder.exists() for folder in folders), "their folders to go")
    assert not still_running(running)


def test_pods_deleted_while_no_node_looked_leave_nothing(app: App, sandbox: Running) -> None:
    app.deploy(replicas=2)
    until(app.rolled_out, "the rollout")
    running, folders = app.processes(), [sandbox.folder / "pods" / pod["metadata"]["uid"] for pod in app.pods()]
    assert len(running) == 2
    node = ProcessRecord.read(sandbox.folder / "run" / "node.json")
    assert node is not None
    os.kill(node.pid, signal.SIGKILL)
    first, second = (pod["metadata"]["name"] for pod in app.pods())
    app.client.delete(DEPLOYMENT, app.name, "web", propagation="Orphan")
    app.client.delete(BUILT_IN["apps/v1", "ReplicaSet"], app.name, first.rpartition("-")[0], propagation="Orphan")
    app.client.send(requests.delete(POD, app.name, first, propagation="Background", uid="", grace_seconds=0))
    app.client.delete(POD, app.name, second)
    assert [pod["metadata"]["name"] for pod in app.pods()] == [second]
    assert sorted(still_running(running)) == sorted(running)
    sandbox.up()
    until(lambda: not app.pods(), "the pod to go")
    until(lambda: not still_running(running), "the processes to go")
    until(lambda: not any(folder.exists() for folder in folders), "their folders to go")


def test_second_up_changes_nothing_and_is_quick(sandbox: Running) -> None:
    records = {name: ProcessRecord.read(sandbox.folder / "run" / f"{name}.json") for name in DAEMONS}
    begin = time.monotonic()
    assert sandbox.up() == []
    assert time.monotonic() - begin < 5
    assert {name: ProcessRecord.read(sandbox.folder / "run" / f"{name}.json") for name in DAEMONS} == records
    states = KubernetesSandbox().status(sandbox.folder)
    assert {each.name: each.state for each in states} == dict.fromkeys(DAEMONS, "running")


def test_state_survives_down_and_two_starts_at_once(app: App, sandbox: Running) -> None:
    app.deploy()
    app.ingress()
    until(app.answers, "the ingress to answer")
    uid = app.pods()[0]["metadata"]["uid"]
    settings = dict(sandbox.settings)
    running = app.processes()
    daemons = [ProcessRecord.read(sandbox.folder / "run" / f"{name}.json") for name in DAEMONS]
    sandbox.down()
    assert not any(record is not None and record.alive for record in daemons)
    assert not still_running(running)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        said = [future.result() for future in [pool.submit(sandbox.up), pool.submit(sandbox.up)]]
    assert sorted(sum(line == "Starting etcd" for line in lines) for lines in said) == [0, 1]
    assert dict(sandbox.settings) == settings
    until(app.answers, "the ingress to answer again")
    assert app.pods()[0]["metadata"]["uid"] == uid
    assert len(app.processes()) == 1


def test_keys_and_tokens_are_their_owners_alone(sandbox: Running) -> None:
    layout = Layout(sandbox.folder)
    secret = [layout.kubeconfig, layout.tokens, *layout.keys.glob("*.key"), *layout.gateway_keys.glob("*.key")]
    assert len(secret) > 8
    assert {path.stat().st_mode & 0o777 for path in secret} == {0o600}
    folders = [layout.folder, layout.keys, layout.gateway_keys, layout.pods]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}
