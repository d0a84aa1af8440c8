"""A template with data on the sandbox: every binding is used as a service would, and refused to everybody else."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.contract.tasks import InstanceRef
from tenantry.testing.operator import Operator, get, unchanged
from tenantry.testing.shared import SharedSandboxes
from tenantry_kubernetes.client.kubeconfig import load_files
from tenantry_kubernetes.client.sync import Kubernetes
from tenantry_kubernetes.incluster import bucket_setup
from tenantry_kubernetes.incluster.bucket_setup import Keys, Request, sign
from tenantry_kubernetes.names import namespace_name
from tenantry_kubernetes.sandbox import KubernetesSandbox, servers
from tenantry_toolchain import objectstore
from tenantry_vendor.sandbox.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

TEMPLATE = """\
spec: tenantry/v1
kind: AppTemplate
name: goods
version: 1.0.0
title: {en: Goods, zh: 货物}
license: Apache-2.0
publisher: {name: Tenantry}
components:
  api:
    type: service
    source: ./api
    runtime: python3.11
    command: [python, main.py]
    health: /healthz
    resources: {cpu: 0.1, memory: 128Mi}
    bind: [orders, my-media]
  orders: {type: database, engine: postgresql, version: "15"}
  my-media: {type: bucket}
  nightly: {type: schedule, cron: "0 3 * * 7", timezone: Asia/Shanghai, target: api, path: /tasks/tick}
routes: {/: api}
"""
# It tells every secret: nothing but this test talks to it.
SERVICE = """\
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

calls = []

class Handler(BaseHTTPRequestHandler):
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        trusted = open(os.environ["ORDERS_CA_FILE"]).read()
        self.answer({"environment": dict(os.environ), "calls": calls, "trusted": trusted})

    def do_POST(self):
        calls.append([self.path, self.headers.get("Tenantry-Schedule")])
        self.answer({})

ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""
INSTANCES = ("goods-acme", "goods-globex")


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    folder = tmp_path_factory.mktemp("goods")
    version = folder / "catalogue" / "goods" / "1.0.0"
    (version / "api").mkdir(parents=True)
    (version / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    (version / "api" / "main.py").write_text(SERVICE, encoding="utf-8")
    made = Operator(folder / "project", "kubernetes", {}, SharedSandboxes.of_run(tmp_path_factory))
    made.start(folder / "catalogue")
    yield made
    with cluster(made) as client:
        # Others use this sandbox as well: no server must go on running beside their tests.
        for space in client.list_objects(client.resolve("v1", "Namespace"), None):
            if space["metadata"]["name"].startswith("goods-"):
                client.delete(client.resolve("v1", "Namespace"), None, space["metadata"]["name"])
    made.stop()


def cluster(operator: Operator) -> closing[Kubernetes]:
    settings = KubernetesSandbox().settings(operator.sandbox_folder)
    return closing(Kubernetes(load_files([Path(settings["TENANTRY_SANDBOX_KUBECONFIG"])])))


class Deployed:
    """One instance, and what its service was given."""

    def __init__(self, operator: Operator, name: str) -> None:
        self.name = name
        self.outputs: dict[str, Any] = operator.up(name)["outputs"]
        self.url = str(self.outputs["url"])
        self.given: dict[str, str] = self.tell()["environment"]

    def tell(self) -> Any:  # noqa: ANN401 - a JSON document
        return get(self.url).json

    @property
    def keys(self) -> Keys:
        return Keys(self.given["MY_MEDIA_ACCESS_KEY_ID"], self.given["MY_MEDIA_SECRET_ACCESS_KEY"])


@pytest.fixture(scope="module")
def deployed(operator: Operator) -> tuple[Deployed, Deployed]:
    for name in INSTANCES:
        operator.new(name, "goods@1.0.0", KubernetesSandbox().accounts()["ingress"])
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda name: Deployed(operator, name), INSTANCES)
    return first, second


def sql(url: str, statement: str) -> str:
    """What psql prints, errors as well."""
    server = servers.choose(servers.look(), "postgresql", "15")
    assert server is not None
    done = subprocess.run(
        [server.folder / "psql", url, "-tAc", statement], capture_output=True, text=True, check=False, timeout=30
    )
    return done.stdout.strip() or done.stderr.strip()


def s3(method: str, url: str, keys: Keys | None, body: bytes = b"") -> tuple[int, bytes]:
    """Status and body; signed where there are keys."""
    headers = {}
    if keys is not None:
        headers = sign(Request(method, url, {}, body), keys, "us-east-1", time.time())
    request = urllib.request.Request(url, data=body or None, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def presign(method: str, url: str, keys: Keys, *, age: float = 0) -> str:
    """A URL that allows one request for a minute from `age` seconds ago (Signature Version 4 in the query)."""
    parts = urllib.parse.urlsplit(url)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - age))
    scope = f"{stamp[:8]}/us-east-1/s3/aws4_request"
    query = urllib.parse.urlencode(
        {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{keys.access}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": "60",
            "X-Amz-SignedHeaders": "host",
        }
    )
    request = "\n".join((method, parts.path, query, f"host:{parts.netloc}", "", "host", "UNSIGNED-PAYLOAD"))
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"AWS4{keys.secret}".encode()
    for part in (*scope.split("/")[:3], "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return f"{url}?{query}&X-Amz-Signature={hmac.new(key, text.encode(), 'sha256').hexdigest()}"


def test_the_database_is_the_instances_own(deployed: tuple[Deployed, Deployed]) -> None:
    acme, globex = deployed
    url = acme.given["ORDERS_URL"]
    assert sql(url, "create table goods (name text)") == "CREATE TABLE"
    assert sql(url, "insert into goods values ('tea')") == "INSERT 0 1"
    assert sql(url, "select name, current_database(), current_user from goods") == "tea|orders|orders"
    assert sql(url, "select ssl from pg_stat_ssl where pid = pg_backend_pid()") == "t"
    assert sql(url, "select rolsuper from pg_roles where rolname = current_user") == "f"
    assert 'relation "goods" does not exist' in sql(globex.given["ORDERS_URL"], "select * from goods")
    stolen = url.replace(acme.given["ORDERS_PASSWORD"], globex.given["ORDERS_PASSWORD"])
    assert "password authentication failed" in sql(stolen, "select 1")
    assert "no encryption" in sql(url.replace("sslmode=verify-ca", "sslmode=disable"), "select 1")
    trusted = Path(globex.given["ORDERS_CA_FILE"])
    assert globex.tell()["trusted"] == trusted.read_text()
    other_authority = url.replace(acme.given["ORDERS_CA_FILE"], str(trusted))
    assert "certificate verify failed" in sql(other_authority, "select 1")


def test_fields_and_outputs_say_the_same(deployed: tuple[Deployed, Deployed], operator: Operator) -> None:
    acme, _ = deployed
    given, parts = acme.given, urllib.parse.urlsplit(acme.given["ORDERS_URL"])
    assert (parts.hostname, str(parts.port)) == (given["ORDERS_HOST"], given["ORDERS_PORT"])
    assert (parts.username, parts.password) == (given["ORDERS_USER"], given["ORDERS_PASSWORD"])
    shown = operator.pulumi(acme.name, "stack", "output", "--json", "--show-secrets").json
    assert shown["databases"]["orders"]["password"] == given["ORDERS_PASSWORD"]
    assert shown["databases"]["orders"]["version"] == "15"
    assert shown["buckets"]["my-media"]["public_endpoint"] == given["MY_MEDIA_PUBLIC_ENDPOINT"]
    told = [operator.pulumi(acme.name, "stack", "output", "--json").text, json.dumps(operator.state(acme.name))]
    for secret in ("ORDERS_PASSWORD", "MY_MEDIA_SECRET_ACCESS_KEY"):
        assert not [text for text in (*told, json.dumps(acme.outputs)) if given[secret] in text]


def test_the_bucket_is_the_instances_own(deployed: tuple[Deployed, Deployed]) -> None:
    acme, globex = deployed
    bucket = f"{acme.given['MY_MEDIA_ENDPOINT']}/{acme.given['MY_MEDIA_BUCKET']}"
    assert s3("PUT", f"{bucket}/cups/red.txt", acme.keys, b"red") == (200, b"")
    assert s3("GET", f"{bucket}/cups/red.txt", acme.keys) == (200, b"red")
    assert b"<Key>cups/red.txt</Key>" in s3("GET", f"{bucket}?list-type=2&prefix=cups%2F", acme.keys)[1]
    assert s3("GET", f"{bucket}/cups/red.txt", globex.keys)[0] == 403
    assert s3("GET", f"{bucket}/cups/red.txt", None)[0] == 403
    assert s3("PUT", f"{acme.given['MY_MEDIA_ENDPOINT']}/another", acme.keys)[0] == 403, "keys of that bucket only"
    assert s3("DELETE", f"{bucket}/cups/red.txt", acme.keys)[0] == 204
    assert s3("GET", f"{bucket}/cups/red.txt", acme.keys)[0] == 404


def test_browsers_use_presigned_urls_at_the_public_endpoint(deployed: tuple[Deployed, Deployed]) -> None:
    acme, globex = deployed
    public = acme.given["MY_MEDIA_PUBLIC_ENDPOINT"]
    assert public not in {acme.given["MY_MEDIA_ENDPOINT"], acme.url}
    picture = f"{public}/{acme.given['MY_MEDIA_BUCKET']}/picture.png"
    allowed = presign("PUT", picture, acme.keys)
    assert s3("PUT", allowed, None, b"\x89PNG")[0] == 200
    assert s3("GET", presign("GET", picture, acme.keys), None) == (200, b"\x89PNG")
    assert s3("GET", presign("GET", picture, acme.keys, age=3600), None)[0] == 403
    assert s3("GET", presign("GET", picture, globex.keys), None)[0] == 403
    preflight = urllib.request.Request(
        allowed, method="OPTIONS", headers={"Origin": acme.url, "Access-Control-Request-Method": "PUT"}
    )
    with urllib.request.urlopen(preflight, timeout=20) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == acme.url


def test_the_schedule_calls_the_service(deployed: tuple[Deployed, Deployed], operator: Operator) -> None:
    acme, _ = deployed
    namespace = str(acme.outputs["refs"]["namespace"])
    with cluster(operator) as client:
        schedule = client.get(client.resolve("batch/v1", "CronJob"), namespace, "nightly")["spec"]
        assert (schedule["schedule"], schedule["timeZone"]) == ("0 3 * * 0", "Asia/Shanghai")
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "now", "namespace": namespace}}
        client.create(client.resolve("batch/v1", "Job"), namespace, {**job, "spec": schedule["jobTemplate"]["spec"]})
    deadline = time.monotonic() + 60
    while not acme.tell()["calls"]:
        assert time.monotonic() < deadline, "the schedule's job never called"
        time.sleep(0.3)
    assert acme.tell()["calls"] == [["/tasks/tick", "nightly"]]


def test_another_deployment_changes_nothing(deployed: tuple[Deployed, Deployed], operator: Operator) -> None:
    assert unchanged(operator.up(deployed[0].name))


def test_another_projects_namespace_is_not_taken_over(operator: Operator) -> None:
    tenant: dict[str, Any] = {}
    operator.new("goods-twice", "goods@1.0.0", KubernetesSandbox().accounts()["ingress"])
    operator.edit("goods-twice", tenant.update)
    owner = InstanceRef(
        tenant=tenant["tenant"], instance="goods-twice", mode="sandbox", runtime="kubernetes", region=None, account={}
    )
    space = namespace_name(owner)
    with cluster(operator) as client:
        for api_version, kind, name, inside in (
            ("v1", "Namespace", space, None),
            ("v1", "ServiceAccount", "workload", space),
        ):
            metadata = {"name": name, "annotations": {"tenantry.dev/project": "the-other"}}
            body = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
            client.apply(client.resolve(api_version, kind), inside, name, body, manager="the-other")
        refused = operator.tenantry("up", "goods-twice", expect=None)
        assert refused.exit_code != 0
        assert "tenantry.dev/project" in refused.text
        for kind in ("Secret", "Service", "PersistentVolumeClaim"):
            assert client.list_objects(client.resolve("v1", kind), space) == []


def test_what_holds_data_outlives_a_destroy_and_serves_again(
    deployed: tuple[Deployed, Deployed], operator: Operator
) -> None:
    _, globex = deployed
    assert sql(globex.given["ORDERS_URL"], "create table kept (name text)") == "CREATE TABLE"
    refused = operator.pulumi(globex.name, "destroy", "--yes", "--skip-preview", expect=None)
    assert refused.exit_code != 0
    assert "protect" in refused.text
    again = Deployed(operator, globex.name)
    assert again.given["ORDERS_PASSWORD"] == globex.given["ORDERS_PASSWORD"]
    assert sql(again.given["ORDERS_URL"], "select count(*) from kept") == "0"


def test_anybody_reads_a_public_bucket_and_only_its_keys_change_it(tmp_path: Path) -> None:
    """The real server alone: what the set-up says of `public` must not take the owner's own rights away."""
    address, admin = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    root, own = Keys("ROOT", "root-secret-root"), Keys("TNOWN", "own-secret-own")
    for name in ("buckets", "iam", "meta"):
        (tmp_path / name).mkdir()
    variables = {
        "VGW_PORT": address.removeprefix("http://"),
        "VGW_ADMIN_PORT": admin.removeprefix("http://"),
        "VGW_IAM_DIR": str(tmp_path / "iam"),
        "VGW_META_SIDECAR": str(tmp_path / "meta"),
        "ENDPOINT": address,
        "ADMIN_ENDPOINT": admin,
        "REGION": "us-east-1",
        "BUCKET": "media",
        "ROOT_ACCESS_KEY_ID": root.access,
        "ROOT_SECRET_ACCESS_KEY": root.secret,
        "ACCESS_KEY_ID": own.access,
        "SECRET_ACCESS_KEY": own.secret,
        "ORIGINS": "[]",
    }
    command = [str(objectstore.ensure(lambda _: None).versitygw), "posix", str(tmp_path / "buckets")]
    setup = [sys.executable, "-I", bucket_setup.__file__]
    with subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            # Back and forth: it must do the same from every state.
            for public in ("false", "true", "false", "true"):
                subprocess.run(setup, env=variables | {"PUBLIC": public}, check=True, capture_output=True, timeout=60)
            item = f"{address}/media/cup.txt"
            assert s3("PUT", item, own, b"cup")[0] == 200
            assert s3("GET", item, None) == (200, b"cup")
            assert s3("PUT", item, None, b"other")[0] == 403
            assert s3("GET", f"{address}/media?list-type=2", None)[0] == 403
            subprocess.run(setup, env=variables | {"PUBLIC": "false"}, check=True, capture_output=True, timeout=60)
            assert s3("GET", item, None)[0] == 403
            assert s3("GET", item, own) == (200, b"cup")
        finally:
            server.terminate()
