"""The protocol without an API server: what is answered before anything is sent to one."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import yaml
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from tenantry_kubernetes.plugin import VERSION, plugin_launcher, values
from tenantry_kubernetes.plugin.values import UNKNOWN, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

    Start = Callable[..., "Plugin"]

DIFF_NONE, DIFF_SOME = provider_pb2.DiffResponse.DIFF_NONE, provider_pb2.DiffResponse.DIFF_SOME
KUBECONFIG = yaml.safe_dump(
    {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
)


class Plugin:
    """One process of the stand-in; `stub` speaks the provider protocol with it."""

    def __init__(self, launcher: Path, engine: str, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [launcher, engine], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
        )
        self.said: tuple[str, str] | None = None
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        self.stub: ResourceProviderStub = provider_pb2_grpc.ResourceProviderStub(self.channel)

    def stop(self) -> tuple[str, str]:
        """What it wrote to standard output behind the port, and to standard error."""
        self.channel.close()
        self.process.terminate()
        self.said = self.said or self.process.communicate(timeout=10)
        return self.said


@pytest.fixture(scope="module")
def engine_address() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, engine_address: str) -> Iterator[Start]:
    started: list[Plugin] = []
    launcher = plugin_launcher(tmp_path_factory.mktemp("plugins"))

    def launch(**environment: str) -> Plugin:
        started.append(Plugin(launcher, engine_address, environment))
        return started[-1]

    yield launch
    for plugin in started:
        plugin.stop()


def urn(token: str, name: str = "n") -> str:
    return f"urn:pulumi:s::p::{token}::{name}"


@pytest.fixture(scope="module")
def plugin(start: Start) -> Plugin:
    """Shared: nothing that these tests ask changes it."""
    made = start()
    configure(made)
    return made


def configure(plugin: Plugin, **more: object) -> None:
    args = values.write({"kubeconfig": KUBECONFIG} | more)
    plugin.stub.Configure(provider_pb2.ConfigureRequest(args=args, acceptSecrets=True))


def check(plugin: Plugin, token: str, news: dict[str, Any], olds: dict[str, Any] | None = None) -> dict[str, Any]:
    request = provider_pb2.CheckRequest(
        urn=urn(token), news=values.write(news), olds=values.write(olds or {}), randomSeed=b"seed"
    )
    return values.read(plugin.stub.Check(request).inputs)


def diff(
    plugin: Plugin, state: dict[str, Any], news: dict[str, Any], *ignored: str
) -> tuple[provider_pb2.DiffResponse, dict[str, int]]:
    request = provider_pb2.DiffRequest(
        urn=urn("kubernetes:core/v1:X"), olds=values.write(state), news=values.write(news), ignoreChanges=ignored
    )
    answer = plugin.stub.Diff(request)
    return answer, {path: each.kind for path, each in answer.detailedDiff.items()}


def test_who_it_is(start: Start) -> None:
    made = start()
    assert made.stub.GetPluginInfo(empty_pb2.Empty()).version == VERSION
    assert made.stop() == ("", "")


def test_the_version_is_the_one_that_the_sdk_asks_for() -> None:
    from importlib.metadata import version

    assert version("pulumi-kubernetes") == VERSION


def test_configuration_is_checked(plugin: Plugin) -> None:
    request = provider_pb2.CheckRequest(news=values.write({"renderYamlToDirectory": "x", "context": "c"}))
    answer = plugin.stub.CheckConfig(request)
    assert [each.property for each in answer.failures] == ["renderYamlToDirectory"]
    assert values.read(answer.inputs) == {"renderYamlToDirectory": "x", "context": "c"}


def test_a_real_cluster_is_refused(start: Start) -> None:
    plugin = start()
    with pytest.raises(grpc.RpcError, match="only talks to API servers on this machine"):
        configure(plugin, kubeconfig=KUBECONFIG.replace("127.0.0.1", "10.1.2.3"))


def test_use_before_configuration(start: Start) -> None:
    with pytest.raises(grpc.RpcError, match="before it was configured"):
        check(start(), "kubernetes:core/v1:ConfigMap", {})


def test_another_cluster_replaces_the_provider(plugin: Plugin) -> None:
    old, new = {"clusterIdentifier": "a"}, {"clusterIdentifier": "b"}
    answer = plugin.stub.DiffConfig(provider_pb2.DiffRequest(olds=values.write(old), news=values.write(new)))
    assert (answer.changes, list(answer.replaces)) == (DIFF_SOME, ["clusterIdentifier"])
    answer = plugin.stub.DiffConfig(provider_pb2.DiffRequest(olds=values.write(old), news=values.write(old)))
    assert (answer.changes, list(answer.replaces)) == (DIFF_NONE, [])


def test_inputs_are_completed(plugin: Plugin) -> None:
    made = check(plugin, "kubernetes:core/v1:ConfigMap", {"data": {"a": "b"}, "metadata": {"uid": "x"}})
    assert made["apiVersion"] == "v1"
    assert made["kind"] == "ConfigMap"
    assert made["metadata"].pop("name").startswith("n-")
    assert made["metadata"] == {"namespace": "default", "annotations": {"pulumi.com/autonamed": "true"}}


def test_assigned_names_stay(plugin: Plugin) -> None:
    first = check(plugin, "kubernetes:core/v1:ConfigMap", {})
    second = check(plugin, "kubernetes:core/v1:ConfigMap", {"data": {"a": "b"}}, first)
    assert second["metadata"] == first["metadata"]


def test_cluster_scope_has_no_namespace(plugin: Plugin) -> None:
    made = check(plugin, "kubernetes:core/v1:Namespace", {"metadata": {"name": "a"}})
    assert made["metadata"] == {"name": "a"}


def test_unknown_and_secret_inputs(plugin: Plugin) -> None:
    made = check(
        plugin,
        "kubernetes:core/v1:Secret",
        {"metadata": {"name": "s", "namespace": UNKNOWN}, "stringData": {"a": Secret("b")}, "type": "Opaque"},
    )
    assert made["metadata"] == {"name": "s", "namespace": UNKNOWN}
    assert made["stringData"] == Secret({"a": "b"})
    assert made["type"] == "Opaque"


@pytest.mark.parametrize("token", ["kubernetes:helm.sh/v3:Release", "kubernetes:core/v1:ConfigMapPatch"])
def test_types_that_only_the_official_plugin_has(plugin: Plugin, token: str) -> None:
    with pytest.raises(grpc.RpcError, match=f"does not support {token}"):
        check(plugin, token, {})


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("Invoke", provider_pb2.InvokeRequest(tok="kubernetes:yaml:decode")),
        ("Construct", provider_pb2.ConstructRequest(type="kubernetes:helm.sh/v4:Chart")),
        ("GetSchema", provider_pb2.GetSchemaRequest()),
    ],
)
def test_functions_that_only_the_official_plugin_has(plugin: Plugin, method: str, request_: object) -> None:
    with pytest.raises(grpc.RpcError, match="does not support"):
        getattr(plugin.stub, method)(request_)


CONFIG_MAP: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "c", "namespace": "a"},
    "data": {"k": "v"},
}


def state(inputs: dict[str, Any]) -> dict[str, Any]:
    live = inputs | {"metadata": inputs["metadata"] | {"uid": "u"}}
    return live | {"__inputs": inputs, "__initialApiVersion": "v1", "__fieldManager": "m"}


def test_no_difference(plugin: Plugin) -> None:
    answer, found = diff(plugin, state(CONFIG_MAP), CONFIG_MAP)
    assert (answer.changes, found) == (DIFF_NONE, {})


def test_named_content_is_deleted_first(plugin: Plugin) -> None:
    answer, found = diff(plugin, state(CONFIG_MAP), CONFIG_MAP | {"data": {"k": "w"}})
    assert found == {"data.k": provider_pb2.PropertyDiff.UPDATE_REPLACE}
    assert list(answer.replaces) == ["data.k"]
    assert answer.deleteBeforeReplace


def test_content_with_an_assigned_name_is_created_first(plugin: Plugin) -> None:
    annotations = {"annotations": {"pulumi.com/autonamed": "true"}}
    named = CONFIG_MAP | {"metadata": CONFIG_MAP["metadata"] | annotations}
    answer, _ = diff(plugin, state(named), named | {"data": {"k": "w"}})
    assert answer.replaces
    assert not answer.deleteBeforeReplace


def test_another_name_is_created_first(plugin: Plugin) -> None:
    other = CONFIG_MAP | {"metadata": {"name": "d", "namespace": "a"}}
    answer, found = diff(plugin, state(CONFIG_MAP), other)
    assert found == {"metadata.name": provider_pb2.PropertyDiff.UPDATE_REPLACE}
    assert not answer.deleteBeforeReplace


def test_mutable_content_changes_in_place(start: Start) -> None:
    plugin = start()
    configure(plugin, enableConfigMapMutable="true")
    answer, found = diff(plugin, state(CONFIG_MAP), CONFIG_MAP | {"data": {"k": "w"}})
    assert (list(answer.replaces), found) == ([], {"data.k": provider_pb2.PropertyDiff.UPDATE})


def test_ignored_changes(plugin: Plugin) -> None:
    answer, found = diff(plugin, state(CONFIG_MAP), CONFIG_MAP | {"data": {"k": "w"}}, "data.k")
    assert (answer.changes, list(answer.replaces), found) == (DIFF_NONE, [], {})


def test_no_namespace_and_default_are_the_same(plugin: Plugin) -> None:
    here = CONFIG_MAP | {"metadata": {"name": "c", "namespace": "default"}}
    answer, _ = diff(plugin, state(here), CONFIG_MAP | {"metadata": {"name": "c"}})
    assert answer.changes == DIFF_NONE


def test_previews_of_unknown_values_need_no_server(plugin: Plugin) -> None:
    properties = values.write(CONFIG_MAP | {"data": {"k": UNKNOWN}})
    answer = plugin.stub.Create(
        provider_pb2.CreateRequest(urn=urn("kubernetes:core/v1:ConfigMap"), properties=properties, preview=True)
    )
    assert (answer.id, answer.properties) == ("", properties)


def test_a_missing_server_is_named(plugin: Plugin) -> None:
    request = provider_pb2.ReadRequest(id="a/c", urn=urn("kubernetes:core/v1:ConfigMap"))
    with pytest.raises(grpc.RpcError, match=r"ConfigMap a/c was not read: .*127\.0\.0\.1:1 cannot be reached"):
        plugin.stub.Read(request)


def test_a_missing_server_may_mean_deleted(start: Start) -> None:
    plugin = start(PULUMI_K8S_DELETE_UNREACHABLE="true")
    configure(plugin)
    request = provider_pb2.ReadRequest(id="a/c", urn=urn("kubernetes:core/v1:ConfigMap"))
    assert plugin.stub.Read(request).id == ""
