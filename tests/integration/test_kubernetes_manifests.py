"""A real API server accepts every object that the Kubernetes runtime declares, under the RBAC rules it asks for."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import secrets
import ssl
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pulumi
import pytest
import yaml

from tenantry.catalogue import Catalogue
from tenantry.contract.scope import Scope
from tenantry.spec import load_tenant, resolve
from tenantry.spec.target import Target
from tenantry_kubernetes.cluster import Cluster
from tenantry_kubernetes.names import namespace_name
from tenantry_kubernetes.permissions import RESOURCES, cluster_role, permissions
from tenantry_kubernetes.runtime import KubernetesRuntime
from tenantry_kubernetes.workloads.instance import instance_objects
from tenantry_toolchain import controlplane, gatewayapi
from tenantry_vendor.sandbox.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tenantry.catalogue import TemplateVersion
    from tenantry.spec.plan import InstancePlan

pytestmark = pytest.mark.integration

TEMPLATE = """\
spec: tenantry/v1
kind: AppTemplate
name: everything
version: 1.0.0
title: {en: Everything, zh: 一切}
license: Apache-2.0
publisher: {name: Tenantry}
parameters:
  key: {type: string, secret: true}
components:
  api:
    type: service
    source: ./api
    runtime: python3.11
    command: [python, main.py]
    health: /healthz
    resources: {cpu: 0.25, memory: 128Mi}
    scale: {min: 0, max: 1, concurrency: 20}
    env: {KEY: "${param.key}", MONEY: "$(PORT) $$ ${url}"}
  worker:
    type: service
    image: registry.example.com/worker@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
    resources: {cpu: 1, memory: 1Gi}
    scale: {min: 2, max: 5, concurrency: 20}
  web: {type: site, source: ./web}
routes: {/: web, /api: api, /api/work: worker}
extensions:
  kubernetes: {components: {worker: {run_as_user: 1234}}}
"""
TENANT = """\
spec: tenantry/v1
kind: Tenant
tenant: acme
instance: acme
template: everything@1.0.0
runtime:
  on: kubernetes
  account:
    kubeconfig: {ref: {env: ACME_KUBECONFIG}}
    routing: ROUTING
    cert_manager: {issuer: letsencrypt}
parameters: {key: {ref: {env: ACME_KEY}}}
domains:
  - {host: shop.acme.example, tls: managed}
  - {host: old.acme.example, tls: none}
"""
INGRESS = "{kind: ingress, class: nginx, host_suffix: apps.example.com}"
HTTPROUTE = "{kind: httproute, gateway: {namespace: edge, name: public, listener: https}}"
CLUSTER_SCOPED = {"Namespace"}


@dataclass(frozen=True)
class Server:
    """An API server. `admin` may do everything, `deployer` what it is granted."""

    admin: httpx.Client
    deployer: httpx.Client
    folder: Path

    def apply(self, client: httpx.Client, body: dict[str, Any], *, dry_run: bool = False) -> httpx.Response:
        """Server-side apply that refuses every unknown field."""
        params = {"fieldManager": "tenantry", "force": "true", "fieldValidation": "Strict"}
        return client.patch(
            path_of(body),
            params=params | ({"dryRun": "All"} if dry_run else {}),
            content=json.dumps(body),
            headers={"Content-Type": "application/apply-patch+yaml"},
        )


def path_of(body: dict[str, Any], *, collection: bool = False) -> str:
    version = body["apiVersion"]
    resource = RESOURCES.get(body["kind"], body["kind"].lower() + "s").partition(".")[0]
    metadata = body["metadata"]
    base = f"/apis/{version}" if "/" in version else f"/api/{version}"
    space = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{base}{space}/{resource}" + ("" if collection else f"/{metadata['name']}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """etcd and an API server on free ports, with the Gateway API's definitions."""
    programs = controlplane.ensure()
    folder = tmp_path_factory.mktemp("control-plane")
    ports: list[int] = []
    while len(ports) < 3:
        ports.append(free_port(ports))
    client, peer, secure = ports
    admin, deployer = secrets.token_hex(16), secrets.token_hex(16)
    tokens = folder / "tokens.csv"
    tokens.write_text(f'{admin},admin,admin,"system:masters"\n{deployer},deployer,deployer,""\n')
    key = folder / "service-account.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)  # noqa: S607 - of the machine
    log = (folder / "log").open("wb")
    etcd = [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls=http://127.0.0.1:{client}",
        f"--advertise-client-urls=http://127.0.0.1:{client}",
        f"--listen-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-cluster=default=http://127.0.0.1:{peer}",
        "--unsafe-no-fsync",
    ]
    apiserver = [
        f"--etcd-servers=http://127.0.0.1:{client}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--secure-port={secure}",
        f"--cert-dir={folder / 'certificates'}",
        f"--token-auth-file={tokens}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-cluster-ip-range=10.0.0.0/24",
    ]
    started = [
        subprocess.Popen([str(programs.etcd), *etcd], stdout=log, stderr=log),
        subprocess.Popen([str(programs.kube_apiserver), *apiserver], stdout=log, stderr=log),
    ]
    clients: list[httpx.Client] = []
    try:
        authority = folder / "certificates" / "apiserver.crt"
        wait(authority.exists, folder)
        context = ssl.create_default_context(cafile=str(authority))
        clients += [
            httpx.Client(
                base_url=f"https://127.0.0.1:{secure}",
                verify=context,
                trust_env=False,
                timeout=30,
                headers={"Authorization": f"Bearer {token}"},
            )
            for token in (admin, deployer)
        ]
        wait(lambda: ready(clients[0]), folder)
        made = Server(admin=clients[0], deployer=clients[1], folder=folder)
        for file in gatewayapi.crds():
            for body in yaml.safe_load_all(file.read_text(encoding="utf-8")):
                if isinstance(body, dict) and body.get("kind") == "CustomResourceDefinition":
                    assert made.apply(clients[0], body).is_success
        wait(lambda: clients[0].get("/apis/gateway.networking.k8s.io/v1/httproutes").is_success, folder)
        yield made
    finally:
        for each in clients:
            each.close()
        for process in reversed(started):
            process.kill()
            process.wait()
        log.close()


def ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False


def wait(done: Any, folder: Path) -> None:  # noqa: ANN401 - a predicate
    deadline = time.monotonic() + 120
    while not done():
        assert time.monotonic() < deadline, (folder / "log").read_text(errors="replace")[-3000:]
        time.sleep(0.1)


@pytest.fixture
def version(tmp_path: Path) -> TemplateVersion:
    folder = tmp_path / "templates" / "everything" / "1.0.0"
    (folder / "api").mkdir(parents=True)
    (folder / "web").mkdir()
    (folder / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    (folder / "api" / "main.py").write_text("print('api')\n")
    (folder / "web" / "index.html").write_text("<h1>web</h1>\n")
    catalogue = Catalogue(tmp_path / "templates")
    catalogue.write_lock()
    return catalogue.open("everything@1.0.0")


@pytest.fixture(params=[INGRESS, HTTPROUTE], ids=["ingress", "httproute"])
def plan(request: pytest.FixtureRequest, version: TemplateVersion, tmp_path: Path) -> InstancePlan:
    """The plan as resolve makes it of a template and a tenant file."""
    runtime = KubernetesRuntime()
    file = tmp_path / "acme.yaml"
    file.write_text(TENANT.replace("ROUTING", request.param), encoding="utf-8")
    target = Target(
        runtime="kubernetes",
        capabilities=runtime.capabilities(),
        mode="live",
        account=runtime.models().account,
        extensions=runtime.models().extensions,
        default_host=lambda instance, account: runtime.default_host(instance, account, {}),
        url=lambda host, tls: f"http{'' if tls == 'none' else 's'}://{host}",
    )
    references = {name: source.ref for name, source in version.sources.items()}
    found = resolve(version.template, version.ref, references, load_tenant(file), target)
    # Every instance of a run has a namespace of its own.
    return dataclasses.replace(found, instance=f"acme-x{secrets.token_hex(3)}")


@pytest.fixture
def bodies(plan: InstancePlan, version: TemplateVersion) -> list[dict[str, Any]]:
    """What the runtime declares, secrets and all, as manifests."""
    return asyncio.run(manifests(plan, version))


async def manifests(plan: InstancePlan, version: TemplateVersion) -> list[dict[str, Any]]:
    root: Any = None
    scope = Scope(
        parent=root,
        mode=plan.mode,
        settings={},
        sources=version.sources,
        secret=lambda source: pulumi.Output.secret(f"value of {source.name}"),
    )
    made = instance_objects(plan, Cluster.of(plan, {}), scope, project="shops")
    return [await known(each.body) for each in made.manifests]


async def known(value: Any) -> Any:  # noqa: ANN401 - any part of a manifest
    if isinstance(value, pulumi.Output):
        return await known(await value.future())
    if isinstance(value, dict):
        return {key: await known(item) for key, item in value.items()}
    if isinstance(value, list):
        return [await known(item) for item in value]
    return value


def test_the_server_says_the_pinned_version(server: Server) -> None:
    assert server.admin.get("/version").json()["gitVersion"] == f"v{controlplane.ensure().version}"


def test_the_server_took_every_gateway_definition(server: Server) -> None:
    names = [yaml.safe_load(file.read_text(encoding="utf-8"))["metadata"]["name"] for file in gatewayapi.crds()]
    assert {"httproutes.gateway.networking.k8s.io", "gateways.gateway.networking.k8s.io"} <= set(names)
    for name in names:
        stored = server.admin.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")
        assert stored.is_success, stored.text


def test_the_server_accepts_every_object(server: Server, bodies: list[dict[str, Any]]) -> None:
    kinds = {body["kind"] for body in bodies}
    assert {"Namespace", "Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"} <= kinds
    assert kinds & {"Ingress", "HTTPRoute"}
    for body in bodies:
        namespace = body["kind"] in CLUSTER_SCOPED
        answer = server.apply(server.admin, body, dry_run=not namespace)
        assert answer.is_success, f"{body['kind']} {body['metadata']['name']}: {answer.text}"
        assert "Warning" not in answer.headers, f"{body['kind']}: {answer.headers['Warning']}"


def test_applying_twice_changes_nothing(server: Server, bodies: list[dict[str, Any]]) -> None:
    for body in bodies:
        first, second = (server.apply(server.admin, body).json() for _ in range(2))
        assert first["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"], body["kind"]


def test_the_server_keeps_every_value_as_it_was_declared(server: Server, bodies: list[dict[str, Any]]) -> None:
    """Values that the server writes in another way would show up as drift at every refresh."""
    for body in bodies:
        stored = server.apply(server.admin, body).json()
        assert_within(body, stored, f"{body['kind']} {body['metadata']['name']}")


def assert_within(declared: Any, stored: Any, where: str) -> None:  # noqa: ANN401 - any part of a manifest
    if isinstance(declared, dict):
        for key, value in declared.items():
            assert key in stored, f"{where}.{key}"
            assert_within(value, stored[key], f"{where}.{key}")
    elif isinstance(declared, list):
        assert len(declared) == len(stored), where
        for index, (one, other) in enumerate(zip(declared, stored, strict=True)):
            assert_within(one, other, f"{where}[{index}]")
    else:
        assert declared == stored, where


def test_the_pods_pass_the_restricted_level(server: Server, plan: InstancePlan, bodies: list[dict[str, Any]]) -> None:
    space = namespace_name(plan)
    for body in bodies:
        # Nobody counts here what a quota would measure: without a controller manager it refuses every pod.
        if body["kind"] in {"Namespace", "ServiceAccount", "LimitRange"}:
            assert server.apply(server.admin, body).is_success
    templates = {body["metadata"]["name"]: body["spec"]["template"] for body in bodies if body["kind"] == "Deployment"}
    assert set(templates) == {"api", "web", "worker"}
    for name, template in templates.items():
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"] | {"name": name, "namespace": space}}
        answer = post_pod(server, pod | {"spec": template["spec"]})
        assert answer.is_success, f"{name}: {answer.text}"
        assert "Warning" not in answer.headers
    careless = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "careless", "namespace": space},
        "spec": {"containers": [{"name": "a", "image": "b"}], "serviceAccountName": "workload"},
    }
    answer = post_pod(server, careless)
    assert answer.status_code == 403
    assert "violates PodSecurity" in answer.text


def post_pod(server: Server, pod: dict[str, Any]) -> httpx.Response:
    space = pod["metadata"]["namespace"]
    return server.admin.post(f"/api/v1/namespaces/{space}/pods", params={"dryRun": "All"}, json=pod)


def test_the_permissions_are_enough_and_no_more(
    server: Server, plan: InstancePlan, bodies: list[dict[str, Any]]
) -> None:
    role = cluster_role(permissions(plan), f"deployer-{plan.instance}")
    assert server.apply(server.admin, role).is_success
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": role["metadata"]["name"]},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role["metadata"]["name"]},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "deployer"}],
    }
    assert server.apply(server.admin, binding).is_success
    wait(lambda: server.deployer.get("/api/v1/namespaces/kube-system").status_code != 403, server.folder)
    try:
        for body in bodies:
            for dry_run in (True, False):
                if dry_run and body["kind"] not in CLUSTER_SCOPED:
                    continue
                answer = server.apply(server.deployer, body, dry_run=dry_run)
                assert answer.is_success, f"{body['kind']}: {answer.text}"
            assert server.deployer.get(path_of(body)).is_success, body["kind"]
            listed = server.deployer.get(path_of(body, collection=True))
            assert listed.is_success, body["kind"]
            watch = {"watch": "true", "allowWatchBookmarks": "true"}
            with server.deployer.stream("GET", path_of(body, collection=True), params=watch) as watched:
                assert watched.is_success, body["kind"]
        space = namespace_name(plan)
        for path in ("pods", "persistentvolumeclaims"):
            assert server.deployer.get(f"/api/v1/namespaces/{space}/{path}").is_success
        endpoints = server.deployer.get(f"/api/v1/namespaces/{space}/endpoints")
        assert endpoints.is_success is any(body["kind"] == "Ingress" for body in bodies)
        assert server.deployer.get(f"/apis/apps/v1/namespaces/{space}/replicasets").is_success
        assert server.deployer.get("/api/v1/nodes").status_code == 403
        pod: dict[str, Any] = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "image": "b"}]}}
        assert server.deployer.post(f"/api/v1/namespaces/{space}/pods", json=pod).status_code == 403
        for body in reversed(bodies):
            assert server.deployer.delete(path_of(body)).is_success, body["kind"]
    finally:
        server.admin.delete(path_of(binding))


def test_a_rejection_names_the_object_and_the_field(server: Server, bodies: list[dict[str, Any]]) -> None:
    """The plugin prints this beside the resource's logical name, which is the component's id."""
    for body in bodies:
        if body["kind"] == "Namespace":
            server.apply(server.admin, body)
    deployment = next(body for body in bodies if body["kind"] == "Deployment" and body["metadata"]["name"] == "api")
    deployment["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "Sometimes"
    answer = server.apply(server.admin, deployment, dry_run=True)
    assert answer.status_code == 422
    message = answer.json()["message"]
    assert 'Deployment.apps "api" is invalid' in message
    assert "spec.template.spec.containers[0].imagePullPolicy" in message
