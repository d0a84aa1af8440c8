"""An instance of everything that the runtime makes, declared against recorded mocks."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi.runtime
import pytest
from google.protobuf.json_format import (
    MessageToDict,
    ParseDict,
)
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto.resource_pb2 import ReadResourceResponse, RegisterResourceResponse

from tenantry.catalogue.delivery import PackedSource
from tenantry.contract.scope import Scope
from tenantry.spec.plan import (
    DomainPlan,
    EnvVar,
    InstancePlan,
    Json,
    Resources,
    RoutePlan,
    RuntimePlan,
    Scale,
    SecretPart,
    SecretSource,
    ServicePlan,
    SitePlan,
    SourceRef,
    TemplateRef,
    Text,
    Value,
)
from tenantry_kubernetes.runtime import KubernetesRuntime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pulumi.runtime.proto.resource_pb2 import ReadResourceRequest, RegisterResourceRequest

    from tenantry.catalogue.platforms import Platform
    from tenantry.contract.outputs import InstanceOutputs

SECRET = "s3cret-never-seen"
SECRET_MARK = "4dabf18193072939515e22adb298388d"
SECRET_SIGN = "1b47061264138c4ac30d75fd1eb44270"
ACCOUNT: dict[str, Json] = {
    "kubeconfig": {"ref": {"env": "ACME_KUBECONFIG"}},
    "routing": {"kind": "ingress", "class": "nginx", "host_suffix": "apps.example.com"},
}
SETTINGS = {
    "TENANTRY_SANDBOX_KUBECONFIG": "/sandbox/kubeconfig",
    "TENANTRY_SANDBOX_INGRESS_CLASS": "sandboxed",
    "TENANTRY_SANDBOX_GATEWAY": "edge/front",
    "TENANTRY_SANDBOX_HOST_SUFFIX": "sandbox.tenantry.localhost",
    "TENANTRY_SANDBOX_HTTP_PORT": "8480",
}


def text(value: str) -> Value:
    return Value(parts=(Text(text=value),))


def secret(name: str) -> Value:
    return Value(parts=(SecretPart(source=SecretSource(kind="env", name=name)),))


def source(letter: str = "a", size: int = 300, files: int = 2) -> SourceRef:
    return SourceRef(digest="sha256:" + letter * 64, files=files, size=size)


API = ServicePlan(
    id="api",
    source=source("a"),
    image=None,
    runtime="python3.11",
    command=("python", "main.py"),
    health="/healthz",
    resources=Resources(cpu_millis=250, memory_bytes=512 * 2**20),
    scale=Scale(min=0, max=1, concurrency=20),
    bind=(),
    env=(
        EnvVar(name="SHOP_NAME", value=text("Acme $(PORT)")),
        EnvVar(name="PAY_KEY", value=secret("PAY_KEY")),
        EnvVar(name="TENANTRY_URL", value=text("https://acme.apps.example.com")),
    ),
    migrate=None,
)
WEB = SitePlan(id="web", source=source("b"), index="index.html", not_found="404.html")
IMAGE = dataclasses.replace(
    API,
    id="worker",
    source=None,
    runtime=None,
    image="registry.example.com/worker@sha256:" + "c" * 64,
    command=(),
    health=None,
    scale=Scale(min=2, max=5, concurrency=20),
    env=(),
)


@pytest.fixture
def plan() -> InstancePlan:
    """A live instance with a service from source, a service from an image, and a site."""
    return InstancePlan(
        spec="tenantry/v1",
        tenant="acme",
        instance="acme",
        mode="live",
        ownership="tenant",
        template=TemplateRef(name="shop", version="1.0.0", digest="sha256:" + "d" * 64),
        runtime=RuntimePlan(on="kubernetes", region=None, account=dict(ACCOUNT), extensions={}),
        stores={},
        plan=None,
        parameters={},
        components=(API, WEB, IMAGE),
        routes=(
            RoutePlan(prefix="/", component="web"),
            RoutePlan(prefix="/api", component="api"),
            RoutePlan(prefix="/api/work", component="worker"),
        ),
        domains=(),
        host="acme.apps.example.com",
        url="https://acme.apps.example.com",
        lifecycle_data="keep",
        labels={},
        meters=(),
        overlay=None,
    )


@dataclass(frozen=True, kw_only=True)
class Package:
    """Sources of a given packed size."""

    digest: str
    data: bytes = b"packed"

    def archive(self) -> bytes:
        return self.data

    def packed(self, platform: Platform | None = None) -> PackedSource:
        del platform
        return PackedSource(ref=SourceRef(digest=self.digest, files=1, size=len(self.data)), archive=self.data)


@dataclass(frozen=True, kw_only=True)
class Registered:
    """One registration as the engine would see it."""

    type: str
    name: str
    inputs: dict[str, Any]
    provider: str
    dependencies: tuple[str, ...]
    env_var_mappings: dict[str, str]
    deleted_with: str
    protected: bool
    retained: bool
    read: bool


def own_outputs(kind: str, name: str) -> dict[str, Any]:
    """What the plugin `tenantry` would add."""
    match kind.rpartition(":")[2]:
        case "Credential":
            return {"value": hidden(f"made-for-{name}")}
        case "ManagedCertificate":
            return {"certificate": f"chain of {name}", "privateKey": f"key of {name}"}
        case "ServerCertificate":
            return {
                "caCertificate": f"authority of {name}",
                "certificate": f"certificate of {name}",
                "privateKey": hidden(f"key of {name}"),
            }
        case _:
            return {}


def hidden(value: str) -> dict[str, str]:
    """A secret as it stands on the wire."""
    return {SECRET_MARK: SECRET_SIGN, "value": value}


class NoCalls(pulumi.runtime.Mocks):
    """What the SDK wants to be given; `Recorder` answers before it is asked."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        raise AssertionError(f"the recorder let {args.typ} pass")

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the runtime invoked {args.token}")


class Recorder(MockMonitor):
    """Keeps every registration as it stands on the wire, secrets marked, and answers with its inputs."""

    def __init__(self) -> None:
        super().__init__(NoCalls())
        self.seen: list[Registered] = []

    def RegisterResource(self, request: RegisterResourceRequest) -> RegisterResourceResponse:  # noqa: N802 - the protocol's
        self.seen.append(
            Registered(
                type=request.type,
                name=request.name,
                inputs=MessageToDict(request.object),
                provider=request.provider,
                dependencies=tuple(request.dependencies),
                env_var_mappings=dict(request.envVarMappings),
                deleted_with=request.deletedWith,
                protected=request.protect,
                retained=request.retainOnDelete,
                read=False,
            )
        )
        urn = self.make_urn(request.parent, request.type, request.name)
        made = Struct()
        made.CopyFrom(request.object)
        ParseDict(own_outputs(request.type, request.name), made)
        return RegisterResourceResponse(urn=urn, id=f"{request.name}-id", object=made)

    def ReadResource(self, request: ReadResourceRequest) -> ReadResourceResponse:  # noqa: N802 - the protocol's
        self.seen.append(
            Registered(
                type=request.type,
                name=request.name,
                inputs={"id": request.id},
                provider=request.provider,
                dependencies=tuple(request.dependencies),
                env_var_mappings={},
                deleted_with="",
                protected=False,
                retained=False,
                read=True,
            )
        )
        properties = ParseDict({"metadata": {"name": request.id, "uid": "uid-1"}}, Struct())
        urn = self.make_urn(request.parent, request.type, request.name)
        return ReadResourceResponse(urn=urn, properties=properties)


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What declaring an instance registered."""

    seen: tuple[Registered, ...]
    outputs: InstanceOutputs
    account: str
    declared: str | None

    def one(self, kind: str, name: str) -> dict[str, Any]:
        """The inputs of the resource with this kind and logical name."""
        found = [item.inputs for item in self.seen if item.type.endswith(f":{kind}") and item.name == name]
        assert len(found) == 1, [(item.type, item.name) for item in self.seen]
        return found[0]

    def names(self, kind: str) -> set[str]:
        """The logical names of a kind."""
        return {item.name for item in self.seen if item.type.endswith(f":{kind}") and not item.read}


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Declared]]:
    """Declares a plan in an event loop of its own."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("{}")
    monkeypatch.setenv("ACME_KUBECONFIG", str(kubeconfig))

    def run(
        plan: InstancePlan,
        *,
        settings: Mapping[str, str] | None = None,
        archives: Mapping[str, bytes] | None = None,
        secrets: Mapping[str, str] | None = None,
        adopted: Mapping[str, str] | None = None,
    ) -> Declared:
        return asyncio.run(_declare(plan, settings or {}, archives or {}, secrets or {}, adopted or {}))

    yield run
    pulumi.runtime.settings.reset_options()


async def _declare(
    plan: InstancePlan,
    settings: Mapping[str, str],
    archives: Mapping[str, bytes],
    secrets: Mapping[str, str],
    adopted: Mapping[str, str],
) -> Declared:
    recorder = Recorder()
    pulumi.runtime.set_mocks(recorder.mocks, project="unit", stack=plan.instance, preview=False, monitor=recorder)
    packages = {
        component.id: Package(digest=component.source.digest, data=archives.get(component.id, b"packed"))
        for component in plan.components
        if isinstance(component, ServicePlan | SitePlan) and component.source
    }
    root = pulumi.ComponentResource("tenantry:index:AppInstance", plan.instance)
    scope = Scope(
        parent=root,
        mode=plan.mode,
        settings=settings,
        sources=packages,
        secret=lambda ref: pulumi.Output.secret(secrets.get(ref.name, SECRET)),
    )
    runtime = KubernetesRuntime()
    connection = runtime.connect(plan, scope)
    own = pulumi.ProviderResource("tenantry", "tenantry", {}, pulumi.ResourceOptions(parent=root))
    identity = pulumi.CustomResource(
        "tenantry:index:Identity", plan.instance, {}, pulumi.ResourceOptions(parent=root, provider=own)
    )
    outputs = runtime.provision(
        plan,
        dataclasses.replace(
            scope,
            depends_on=[identity],
            own=own,
            adopted=lambda name: pulumi.Output.secret(adopted[name]) if name in adopted else None,
        ),
        connection,
    )
    account = await connection.account.future()
    while pending := [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]:
        await asyncio.gather(*pending)
    return Declared(seen=tuple(recorder.seen), outputs=outputs, account=str(account), declared=connection.declared)


def domain(host: str, tls: str = "managed", certificate: SecretSource | None = None) -> DomainPlan:
    """A domain of a plan."""
    return DomainPlan(host=host, tls=tls, dns="manual", certificate=certificate, icp=None)  # type: ignore[arg-type] # tests also give wrong words
