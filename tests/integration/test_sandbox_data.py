"""Data in the Kubernetes sandbox: claims, a real PostgreSQL, a real S3 server, jobs, and Services by name."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import BUILT_IN, Kind
from tenantry_kubernetes.sandbox import servers
from tenantry_kubernetes.sandbox.layout import Layout
from tenantry_kubernetes.sandbox.node.names import REALM, service_address
from tenantry_vendor.sandbox.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tenantry_kubernetes.client.sync import Kubernetes

pytestmark = pytest.mark.integration

PYTHON = "docker.io/library/python:3.11-slim"
SPACE = "data"
PASSWORD, ADMIN_PASSWORD = "app-s3cret", "admin-s3cret"

INIT_SQL = """\
\\set password `cat "$APPLICATION_PASSWORD_FILE"`
CREATE ROLE orders LOGIN PASSWORD :'password';
CREATE DATABASE orders OWNER orders;
"""
RULES = "local all all trust\nhostssl all all all scram-sha-256\n"

CALLER = """\
import os, pathlib, sys, urllib.request

bucket = urllib.request.urlopen(os.environ["BUCKET"] + "/health", timeout=5)
pathlib.Path(os.environ["OUT"]).write_text(f"{bucket.status} {sys.argv[1]} {os.environ['BUCKET']}")
print("called", flush=True)
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


def kind(api_version: str, name: str) -> Kind:
    return BUILT_IN[api_version, name]


class Cluster:
    """A namespace of the sandbox."""

    def __init__(self, client: Kubernetes) -> None:
        self.client = client
        self.apply("v1", "Namespace", SPACE)

    def apply(self, api_version: str, of: str, name: str, **body: object) -> None:
        known = kind(api_version, of)
        namespace = SPACE if known.namespaced else None
        metadata: dict[str, Any] = {"name": name} | ({"namespace": namespace} if namespace else {})
        whole: dict[str, Any] = {"apiVersion": api_version, "kind": of, "metadata": metadata} | body
        self.client.apply(known, namespace, name, whole, force=True)

    def get(self, api_version: str, of: str, name: str) -> dict[str, Any]:
        known = kind(api_version, of)
        return self.client.get(known, SPACE if known.namespaced else None, name)

    def missing(self, api_version: str, of: str, name: str) -> bool:
        try:
            self.get(api_version, of, name)
        except KubernetesError as error:
            if error.not_found:
                return True
            raise
        return False

    def is_ready(self, name: str) -> bool:
        status = self.get("apps/v1", "StatefulSet", name).get("status") or {}
        return status.get("readyReplicas") == 1 and status.get("updatedReplicas") == 1

    def events(self) -> str:
        found = self.client.list_objects(kind("v1", "Event"), SPACE)
        said = [f"{each['reason']}: {each.get('message')}" for each in found]
        for pod in self.client.list_objects(kind("v1", "Pod"), SPACE):
            states = (pod.get("status") or {}).get("containerStatuses") or []
            said += [f"{pod['metadata']['name']}: {each.get('state')} after {each.get('lastState')}" for each in states]
        return "\n".join(said)


def until(holds: Callable[[], bool], what: str, seconds: float = 90, tell: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what} in vain\n{tell()}"
        time.sleep(0.2)


def claim(cluster: Cluster, name: str, size: str = "1Gi") -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    cluster.apply("v1", "PersistentVolumeClaim", name, spec=spec)


def stateful(
    cluster: Cluster, name: str, container: dict[str, Any], volumes: list[dict[str, Any]], *init: dict[str, Any]
) -> None:
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {
            "initContainers": list(init),
            "containers": [{"name": name, "terminationMessagePolicy": "FallbackToLogsOnError"} | container],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}, *volumes],
            "securityContext": {"runAsUser": 999, "runAsNonRoot": True},
        },
    }
    spec = {"replicas": 1, "serviceName": name, "selector": {"matchLabels": {"app": name}}, "template": template}
    cluster.apply("apps/v1", "StatefulSet", name, spec=spec)
    ports = [{"name": port["name"], "port": port["containerPort"]} for port in container["ports"]]
    cluster.apply("v1", "Service", name, spec={"selector": {"app": name}, "ports": ports})


def database(cluster: Cluster, keys: Path) -> None:
    authority = Authority(keys, "ca")
    authority.ensure(keys / "tls.pem", "orders", hosts=(f"orders.{SPACE}.svc",))
    files = {
        "password": PASSWORD,
        "admin-password": ADMIN_PASSWORD,
        "tls.crt": (keys / "tls.pem").read_text(),
        "tls.key": (keys / "tls.key").read_text(),
    }
    cluster.apply("v1", "Secret", "orders", stringData=files)
    cluster.apply("v1", "ConfigMap", "orders", data={"10-application.sql": INIT_SQL, "pg_hba.conf": RULES})
    claim(cluster, "orders")
    settings = ["hba_file=/opt/t/config/pg_hba.conf", "ssl=on", "shared_buffers=16MB", "max_connections=20"]
    settings += ["ssl_cert_file=/opt/t/server/tls.crt", "ssl_key_file=/opt/t/server/tls.key"]
    container = {
        "image": "docker.io/library/postgres:15",
        "args": ["postgres", *(word for setting in settings for word in ("-c", setting))],
        "env": [
            {"name": name, "value": value}
            for name, value in {
                "PGDATA": "/opt/t/data/pgdata",
                "POSTGRES_USER": "postgres",
                "POSTGRES_PASSWORD_FILE": "/opt/t/server/admin-password",
                "POSTGRES_INITDB_ARGS": "--encoding=UTF8 --locale=C.UTF-8 --data-checksums",
                "APPLICATION_PASSWORD_FILE": "/opt/t/server/password",
            }.items()
        ],
        "ports": [{"name": "postgresql", "containerPort": 5432}],
        "startupProbe": {"tcpSocket": {"port": 5432}, "periodSeconds": 1, "failureThreshold": 120},
        "resources": {"limits": {"memory": "96Mi"}},
        "volumeMounts": [
            {"name": "data", "mountPath": "/opt/t/data"},
            {"name": "server", "mountPath": "/opt/t/server"},
            {"name": "config", "mountPath": "/opt/t/config"},
            {"name": "init", "mountPath": "/docker-entrypoint-initdb.d"},
        ],
    }
    volumes = [
        # With the group's bit that a kubelet adds: the server would refuse a key that others may read.
        {"name": "server", "secret": {"secretName": "orders", "defaultMode": 0o440}},
        {"name": "config", "configMap": {"name": "orders", "items": [{"key": "pg_hba.conf", "path": "pg_hba.conf"}]}},
        {
            "name": "init",
            "configMap": {"name": "orders", "items": [{"key": "10-application.sql", "path": "10-application.sql"}]},
        },
    ]
    stateful(cluster, "orders", container, volumes)


def bucket(cluster: Cluster) -> None:
    claim(cluster, "media")
    cluster.apply("v1", "Secret", "media", stringData={"key": "media-root", "secret": "media-root-s3cret"})
    keys = {"ROOT_ACCESS_KEY_ID": "key", "ROOT_SECRET_ACCESS_KEY": "secret"}
    plain = {"VGW_PORT": ":7070", "VGW_HEALTH": "/health", "VGW_META_SIDECAR": "/opt/t/data/meta"}
    container = {
        "image": "docker.io/versity/versitygw:v1.8.0",
        "args": ["posix", "/opt/t/data/buckets"],
        "env": [{"name": name, "value": value} for name, value in plain.items()]
        + [{"name": name, "valueFrom": {"secretKeyRef": {"name": "media", "key": key}}} for name, key in keys.items()],
        "ports": [{"name": "s3", "containerPort": 7070}],
        "startupProbe": {"httpGet": {"path": "/health", "port": "s3"}, "periodSeconds": 1, "failureThreshold": 60},
        "volumeMounts": [{"name": "data", "mountPath": "/opt/t/data"}],
    }
    code = "import os; [os.makedirs(each, exist_ok=True) for each in ('/opt/t/data/buckets', '/opt/t/data/meta')]"
    folders = {
        "name": "folders",
        "image": PYTHON,
        "command": ["python", "-I", "-c", code],
        "volumeMounts": [{"name": "data", "mountPath": "/opt/t/data"}],
    }
    stateful(cluster, "media", container, [], folders)


def sql(where: str, statement: str, *, user: str = "orders", password: str = PASSWORD, ssl: str = "require") -> str:
    """What psql says; standard error where it fails."""
    server = servers.choose(servers.look(), "postgresql", "15")
    assert server is not None
    url = f"postgresql://{user}:{password}@{where}/orders?sslmode={ssl}"
    done = subprocess.run(
        [server.folder / "psql", url, "-tAc", statement], capture_output=True, text=True, check=False, timeout=30
    )
    return done.stdout.strip() if done.returncode == 0 else done.stderr


def s3(method: str, url: str, key: str, secret: str, body: bytes = b"") -> tuple[int, bytes]:
    """One request, signed as S3's signature version 4 asks."""
    import datetime as dt
    import hashlib
    import hmac
    import urllib.error
    import urllib.parse
    import urllib.request

    parts = urllib.parse.urlsplit(url)
    now = dt.datetime.now(dt.UTC)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    names = ";".join(headers)
    lines = [
        method,
        parts.path,
        parts.query,
        *(f"{name}:{value}" for name, value in headers.items()),
        "",
        names,
        digest,
    ]
    scope = f"{day}/us-east-1/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256("\n".join(lines).encode()).hexdigest()])
    signing = f"AWS4{secret}".encode()
    for word in (day, "us-east-1", "s3", "aws4_request"):
        signing = hmac.digest(signing, word.encode(), "sha256")
    signature = hmac.new(signing, text.encode(), "sha256").hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    request = urllib.request.Request(url, data=body or None, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@contextmanager
def cluster_of(sandbox: Running) -> Iterator[Cluster]:
    with sandbox.client() as client:
        yield Cluster(client)


@pytest.fixture(scope="module")
def cluster(sandbox: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster_of(sandbox) as made:
        database(made, tmp_path_factory.mktemp("keys"))
        bucket(made)
        for name in ("orders", "media"):
            until(partial(made.is_ready, name), f"waited for {name}", tell=made.events)
        yield made


@pytest.fixture(scope="module", autouse=True)
def realm(sandbox: Running) -> Iterator[None]:
    """Addresses of Services are those of this sandbox."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(REALM, str(sandbox.folder))
        yield


def orders() -> str:
    return f"{service_address(SPACE, 'orders')}:5432"


def media() -> str:
    return f"http://{service_address(SPACE, 'media')}:7070"


def test_a_database_is_postgresql_behind_its_name_and_its_credentials(cluster: Cluster) -> None:
    assert sql(orders(), "create table goods as select 'tea' as name") == "SELECT 1"
    assert sql(orders(), "select name from goods") == "tea"
    assert "PostgreSQL" in sql(orders(), "select version()")
    assert "password authentication failed" in sql(orders(), "select 1", password="wrong")
    assert "password authentication failed" in sql(orders(), "select 1", user="postgres")
    assert "no encryption" in sql(orders(), "select 1", ssl="disable")


def test_data_outlive_their_pod(cluster: Cluster) -> None:
    before = cluster.get("v1", "Pod", "orders-0")["metadata"]["uid"]
    assert sql(orders(), "create table kept as select 'cup' as name") == "SELECT 1"
    cluster.client.delete(kind("v1", "Pod"), SPACE, "orders-0")
    until(lambda: cluster.missing("v1", "Pod", "orders-0") or _uid(cluster) != before, "waited for the pod's end", 20)
    until(lambda: cluster.is_ready("orders") and _uid(cluster) != before, "waited for the next", tell=cluster.events)
    until(lambda: sql(orders(), "select name from kept") == "cup", "waited for the data", 10)


def _uid(cluster: Cluster) -> str:
    try:
        return str(cluster.get("v1", "Pod", "orders-0")["metadata"]["uid"])
    except KubernetesError:
        return ""


def test_a_bucket_is_an_s3_server_behind_its_own_keys(cluster: Cluster) -> None:
    mine = ("media-root", "media-root-s3cret")
    assert s3("PUT", f"{media()}/media", *mine)[0] == 200
    assert s3("PUT", f"{media()}/media/a/b.txt", *mine, body=b"tea")[0] == 200
    assert s3("GET", f"{media()}/media/a/b.txt", *mine) == (200, b"tea")
    assert s3("GET", f"{media()}/media/a/b.txt", "media-root", "other")[0] == 403
    assert s3("GET", f"{media()}/media/a/b.txt", "other", "media-root-s3cret")[0] in {403, 404}


def test_a_claim_that_asks_for_more_gets_it(cluster: Cluster) -> None:
    claim(cluster, "media", "3Gi")

    def capacity() -> object:
        return cluster.get("v1", "PersistentVolumeClaim", "media")["status"]["capacity"]["storage"]

    until(lambda: capacity() == "3Gi", "waited for the larger volume", 10)


def test_jobs_and_schedules_run_once_each_and_reach_services_by_name(cluster: Cluster) -> None:
    cluster.apply("v1", "ConfigMap", "caller", data={"call.py": CALLER})
    claim(cluster, "out")
    pod = {
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "call",
                "image": PYTHON,
                "command": ["python", "-I", "/opt/p/call.py", f"http://api.{SPACE}.svc/tasks"],
                "env": [
                    {"name": "BUCKET", "value": f"http://media.{SPACE}.svc:7070"},
                    {"name": "OUT", "value": "/opt/out/said"},
                ],
                "volumeMounts": [{"name": "p", "mountPath": "/opt/p"}, {"name": "out", "mountPath": "/opt/out"}],
            }
        ],
        "volumes": [
            {"name": "p", "configMap": {"name": "caller"}},
            {"name": "out", "persistentVolumeClaim": {"claimName": "out"}},
        ],
    }
    job = {"backoffLimit": 0, "template": {"spec": pod}}
    schedule = {"schedule": "0 3 * * *", "timeZone": "Asia/Shanghai", "suspend": True, "jobTemplate": {"spec": job}}
    cluster.apply("batch/v1", "CronJob", "nightly", spec=schedule)
    cluster.apply("batch/v1", "Job", "once", spec=job)
    until(lambda: bool(_job(cluster).get("completionTime")), "waited for the job", tell=cluster.events)
    assert (_job(cluster).get("succeeded"), _job(cluster).get("failed")) == (1, None)
    volume = cluster.get("v1", "PersistentVolumeClaim", "out")["spec"]["volumeName"]
    place = cluster.get("v1", "PersistentVolume", volume)["spec"]["hostPath"]["path"]
    said = Path(place, "said").read_text(encoding="utf-8")
    assert said.split() == ["200", f"http://{service_address(SPACE, 'api')}:30080/tasks", media()]
    cluster.client.delete(kind("batch/v1", "CronJob"), SPACE, "nightly")


def _job(cluster: Cluster) -> dict[str, Any]:
    return dict(cluster.get("batch/v1", "Job", "once").get("status") or {})


def test_no_copies_no_process_and_a_claim_that_goes_takes_its_data(cluster: Cluster, sandbox: Running) -> None:
    cluster.client.patch(kind("apps/v1", "StatefulSet"), SPACE, "orders", {"spec": {"replicas": 0}})
    until(lambda: cluster.missing("v1", "Pod", "orders-0"), "waited for the last pod", 20)
    until(lambda: "refused" in sql(orders(), "select 1"), "waited for a refused connection", 10)
    volume = cluster.get("v1", "PersistentVolumeClaim", "orders")["spec"]["volumeName"]
    folder = Layout(sandbox.folder).volumes / volume
    assert (folder / "pgdata" / "PG_VERSION").is_file()
    cluster.client.delete(kind("apps/v1", "StatefulSet"), SPACE, "orders")
    cluster.client.delete(kind("v1", "PersistentVolumeClaim"), SPACE, "orders")
    until(lambda: not folder.exists(), "waited for the folder's end", 20)
    until(lambda: cluster.missing("v1", "PersistentVolume", volume), "waited for the volume's end", 10)


def test_the_status_says_what_stands_for_databases(sandbox: Running) -> None:
    from tenantry_kubernetes.sandbox import KubernetesSandbox

    node = next(each for each in KubernetesSandbox().status(sandbox.folder) if each.name == "node")
    found = servers.choose(servers.look(), "postgresql", "15")
    assert found is not None
    assert f"PostgreSQL {found.version}" in node.detail
    assert found.version in sandbox.settings["TENANTRY_SANDBOX_POSTGRESQL"].split(",")
