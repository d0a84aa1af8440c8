"""What the runtime declares for an instance, as it stands on the wire."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.errors import CapabilityError, PreflightError, SandboxError
from tenantry.spec.plan import (
    ComponentField,
    DomainPlan,
    EnvVar,
    Scale,
    SecretSource,
    ServicePlan,
    SitePlan,
    Text,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenantry.spec.plan import InstancePlan, Json

    Declare = Callable[..., Any]

SECRET_MARK = "4dabf18193072939515e22adb298388d"
PEM = (
    "-----BEGIN PRIVATE KEY-----\nkey\n-----END PRIVATE KEY-----\n"
    "-----BEGIN CERTIFICATE-----\nleaf\n-----END CERTIFICATE-----\n"
    "-----BEGIN CERTIFICATE-----\nintermediate\n-----END CERTIFICATE-----\n"
)


def with_account(plan: InstancePlan, **changes: Json) -> InstancePlan:
    account: dict[str, Json] = {
        key: value for key, value in (plan.runtime.account | changes).items() if value is not None
    }
    return dataclasses.replace(plan, runtime=dataclasses.replace(plan.runtime, account=account))


def with_extensions(plan: InstancePlan, **extensions: Json) -> InstancePlan:
    return dataclasses.replace(plan, runtime=dataclasses.replace(plan.runtime, extensions=extensions))


def with_component(plan: InstancePlan, component_id: str, **changes: Any) -> InstancePlan:  # noqa: ANN401 - any field
    components = tuple(
        dataclasses.replace(item, **changes) if item.id == component_id else item for item in plan.components
    )
    return dataclasses.replace(plan, components=components)


def with_domains(plan: InstancePlan, *domains: DomainPlan) -> InstancePlan:
    return dataclasses.replace(plan, domains=domains, host=domains[0].host, url=f"https://{domains[0].host}")


def domain(host: str, tls: Any = "managed", certificate: SecretSource | None = None) -> DomainPlan:  # noqa: ANN401 - a word
    return DomainPlan(host=host, tls=tls, dns="manual", certificate=certificate, icp=None)


def sandboxed(plan: InstancePlan) -> InstancePlan:
    return dataclasses.replace(plan, mode="sandbox")


def pods(declared: Any) -> dict[str, Any]:  # noqa: ANN401 - what the fixture gives
    return {name: declared.one("Deployment", name)["spec"]["template"] for name in declared.names("Deployment")}


# --- every resource ---------------------------------------------------------------------------------------------------


def test_every_resource_comes_after_the_identity_with_the_explicit_provider(
    plan: InstancePlan, declare: Declare
) -> None:
    for item in declare(plan).seen:
        if not item.type.startswith("kubernetes:") or item.read:
            continue
        assert "pulumi:providers:kubernetes::kubernetes" in item.provider, item.name
        assert any("tenantry:index:Identity" in urn for urn in item.dependencies), item.name


def test_every_object_has_its_own_name_and_says_whose_it_is(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(plan)
    names: set[tuple[str, str]] = set()
    for item in declared.seen:
        if not item.type.startswith("kubernetes:") or item.read:
            continue
        metadata = item.inputs["metadata"]
        assert metadata["name"], item.name
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "tenantry"
        assert metadata["labels"]["tenantry.dev/instance"] == "acme"
        assert metadata["annotations"]["tenantry.dev/declared-by"].startswith("acme/")
        if not item.type.endswith(":Namespace"):
            assert metadata["namespace"] == declared.outputs.refs["namespace"]
            assert item.deleted_with.endswith("::namespace")
        key = (item.type, metadata["name"])
        assert key not in names
        names.add(key)


def test_logical_names_are_component_ids(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(plan)
    assert declared.names("Deployment") == {"api", "web", "worker"}
    assert declared.names("Service") == {"api", "web", "worker"}
    assert declared.names("ConfigMap") == {"api", "web"}
    assert declared.names("Secret") == {"api"}
    assert declared.names("Ingress") == {"routes"}
    assert declared.names("NetworkPolicy") >= {"api", "web", "worker", "instance.default-deny"}


def test_a_component_may_have_any_legal_id(plan: InstancePlan, declare: Declare) -> None:
    """Ids that are also names of the instance's own objects, or of the cluster's."""
    components = tuple(
        dataclasses.replace(item, id=name)
        for item, name in zip(plan.components, ("default-deny", "routes", "namespace"), strict=True)
    )
    routes = tuple(
        dataclasses.replace(route, component=name)
        for route, name in zip(plan.routes, ("routes", "default-deny", "namespace"), strict=True)
    )
    declared = declare(dataclasses.replace(plan, components=components, routes=routes))
    keys = [(item.type, item.name) for item in declared.seen if not item.read]
    assert len(keys) == len(set(keys))


# --- the namespace ----------------------------------------------------------------------------------------------------


def test_the_namespace_enforces_the_restricted_level_of_a_pinned_version(plan: InstancePlan, declare: Declare) -> None:
    labels = declare(plan).one("Namespace", "namespace")["metadata"]["labels"]
    for mode in ("enforce", "warn", "audit"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
        assert labels[f"pod-security.kubernetes.io/{mode}-version"].startswith("v1.")


def test_the_quota_holds_every_component_at_its_largest_during_a_roll(plan: InstancePlan, declare: Declare) -> None:
    hard = declare(plan).one("ResourceQuota", "quota")["spec"]["hard"]
    # api 2x1+1, web 3, worker 2x5+1
    assert hard["pods"] == "17"
    assert hard["limits.cpu"] == f"{3 * 250 + 3 * 100 + 11 * 250}m"
    assert hard["limits.memory"] == f"{3 * 512 + 3 * 96 + 11 * 512}Mi"
    assert hard["services.loadbalancers"] == hard["services.nodeports"] == hard["persistentvolumeclaims"] == "0"


def test_containers_that_say_nothing_get_limits(plan: InstancePlan, declare: Declare) -> None:
    (limit,) = declare(plan).one("LimitRange", "limits")["spec"]["limits"]
    assert set(limit["default"]) == set(limit["defaultRequest"]) == {"cpu", "memory"}


def test_pods_run_as_an_account_without_a_token(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(plan)
    account = declared.one("ServiceAccount", "workload")
    assert account["automountServiceAccountToken"] is False
    for pod in pods(declared).values():
        assert pod["spec"]["serviceAccountName"] == account["metadata"]["name"]
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["spec"]["enableServiceLinks"] is False


# --- pods -------------------------------------------------------------------------------------------------------------


def test_every_container_is_restricted(plan: InstancePlan, declare: Declare) -> None:
    for pod in pods(declare(plan)).values():
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]:
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"] == container["resources"]["requests"]
            assert set(container["resources"]["limits"]) == {"cpu", "memory"}


def test_the_stock_image_gets_a_user_and_an_own_image_keeps_its_own(plan: InstancePlan, declare: Declare) -> None:
    declared = pods(declare(plan))
    for name in ("api", "web"):
        security = declared[name]["spec"]["securityContext"]
        assert security["runAsUser"] == security["runAsGroup"] == security["fsGroup"] == 10001
        assert declared[name]["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    assert "runAsUser" not in declared["worker"]["spec"]["securityContext"]
    assert "annotations" not in declared["worker"]["metadata"]


def test_an_extension_names_the_user_of_an_image(plan: InstancePlan, declare: Declare) -> None:
    changed = with_extensions(
        plan,
        components={
            "worker": {
                "run_as_user": 1234,
                "read_only_root": True,
                "termination_grace_seconds": 90,
                "startup_seconds": 300,
            }
        },
    )
    pod = pods(declare(changed))["worker"]["spec"]
    assert pod["securityContext"]["runAsUser"] == 1234
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["terminationGracePeriodSeconds"] == 90
    assert pod["containers"][0]["startupProbe"]["failureThreshold"] == 300


def test_selectors_match_the_pods_they_mean_and_no_others(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(plan)
    templates = pods(declared)
    for name in templates:
        selectors = [
            declared.one("Deployment", name)["spec"]["selector"]["matchLabels"],
            declared.one("Service", name)["spec"]["selector"],
            declared.one("NetworkPolicy", name)["spec"]["podSelector"]["matchLabels"],
        ]
        for selector in selectors:
            matching = [
                other for other, pod in templates.items() if selector.items() <= pod["metadata"]["labels"].items()
            ]
            assert matching == [name]


def test_probes_ask_the_health_path_or_connect(plan: InstancePlan, declare: Declare) -> None:
    declared = pods(declare(plan))
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert declared["api"]["spec"]["containers"][0][probe]["httpGet"]["path"] == "/healthz"
        assert declared["web"]["spec"]["containers"][0][probe]["httpGet"]["path"] == "/.tenantry/health"
        assert declared["worker"]["spec"]["containers"][0][probe]["tcpSocket"] == {"port": 8080}


def test_a_roll_starts_the_new_copy_first_and_gives_up_in_time(plan: InstancePlan, declare: Declare) -> None:
    deployment = declare(plan).one("Deployment", "api")
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    awaited = int(deployment["metadata"]["annotations"]["pulumi.com/timeoutSeconds"])
    assert 0 < deployment["spec"]["progressDeadlineSeconds"] < awaited <= 600


def test_a_deployment_waits_for_everything_that_bounds_it(plan: InstancePlan, declare: Declare) -> None:
    (api,) = [item for item in declare(plan).seen if item.type.endswith(":Deployment") and item.name == "api"]
    after = {urn.split("$")[-1] for urn in api.dependencies}
    for wanted in (
        "kubernetes:core/v1:ResourceQuota::quota",
        "kubernetes:core/v1:LimitRange::limits",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy::instance.default-deny",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy::api",
        "kubernetes:core/v1:ConfigMap::api",
        "kubernetes:core/v1:Secret::api",
    ):
        assert wanted in after


def test_only_deployments_and_routes_are_waited_for(plan: InstancePlan, declare: Declare) -> None:
    """A Service that waited for endpoints would keep the error of a refused Deployment back for minutes."""
    declared = declare(plan)
    assert declared.one("Service", "api")["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"
    (routes,) = [item for item in declared.seen if item.name == "routes"]
    after = {urn.split("$")[-1] for urn in routes.dependencies}
    for component in ("api", "web", "worker"):
        assert {f"kubernetes:apps/v1:Deployment::{component}", f"kubernetes:core/v1:Service::{component}"} <= after


# --- scale ------------------------------------------------------------------------------------------------------------


def test_an_autoscaler_owns_the_number_of_copies(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(plan)
    assert "replicas" not in declared.one("Deployment", "worker")["spec"]
    scaler = declared.one("HorizontalPodAutoscaler", "worker")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 5)
    assert scaler["scaleTargetRef"]["name"] == "worker"
    budget = declared.one("PodDisruptionBudget", "worker")["spec"]
    assert budget["maxUnavailable"] == 1
    spread = pods(declared)["worker"]["spec"]["topologySpreadConstraints"]
    assert {each["topologyKey"] for each in spread} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}


def test_a_single_copy_has_neither_autoscaler_nor_budget(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(plan)
    assert declared.one("Deployment", "api")["spec"]["replicas"] == 1, "scale.min 0 keeps one"
    assert declared.names("HorizontalPodAutoscaler") == declared.names("PodDisruptionBudget") == {"worker"}
    assert "topologySpreadConstraints" not in pods(declared)["api"]["spec"]


def test_a_fixed_number_of_copies_needs_no_autoscaler(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(with_component(plan, "worker", scale=Scale(min=3, max=3, concurrency=1)))
    assert declared.one("Deployment", "worker")["spec"]["replicas"] == 3
    assert declared.names("HorizontalPodAutoscaler") == set()
    assert declared.names("PodDisruptionBudget") == {"worker"}


# --- environment and secrets ------------------------------------------------------------------------------------------


def env_of(declared: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - what the fixture gives
    entries = pods(declared)[name]["spec"]["containers"][0]["env"]
    assert len({entry["name"] for entry in entries}) == len(entries), "server-side apply refuses a name twice"
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in entries}


def test_constants_stand_in_the_pod_and_secrets_behind_a_reference(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(plan)
    env = env_of(declared, "api")
    assert env["PORT"] == "8080"
    assert env["HOST"] == "0.0.0.0"  # noqa: S104 - in a pod
    assert env["SHOP_NAME"] == "Acme $$(PORT)", "the kubelet must not expand what a tenant wrote"
    secret = declared.one("Secret", "api")["metadata"]["name"]
    assert env["PAY_KEY"] == {"secretKeyRef": {"name": secret, "key": "PAY_KEY"}}
    data = declared.one("Secret", "api")["data"]
    assert data[SECRET_MARK], "the values are marked as secrets"
    assert base64.b64decode(data["value"]["PAY_KEY"]).decode() == "s3cret-never-seen"


def test_no_secret_value_leaves_the_secret(plan: InstancePlan, declare: Declare) -> None:
    encoded = base64.b64encode(b"s3cret-never-seen").decode()
    for item in declare(plan).seen:
        if not item.type.endswith(":Secret"):
            whole = json.dumps(item.inputs)
            assert "s3cret-never-seen" not in whole, item.name
            assert encoded not in whole, item.name


def test_a_variable_made_of_text_and_a_secret_is_a_secret(plan: InstancePlan, declare: Declare) -> None:
    parts = (Text(text="key="), plan_secret(plan))
    changed = with_component(plan, "api", env=(EnvVar(name="MIXED", value=Value(parts=parts)),))
    data = declare(changed).one("Secret", "api")["data"]
    assert base64.b64decode(data["value"]["MIXED"]).decode() == "key=s3cret-never-seen"


def plan_secret(plan: InstancePlan) -> Any:  # noqa: ANN401 - one part of a value
    api = plan.component("api")
    assert isinstance(api, ServicePlan)
    return next(variable for variable in api.env if variable.name == "PAY_KEY").value.parts[0]


def test_a_changed_secret_is_another_secret_and_nothing_else_changes(plan: InstancePlan, declare: Declare) -> None:
    def used(**secrets: str) -> tuple[str, str]:
        declared = declare(plan, secrets=secrets)
        name = declared.one("Secret", "api")["metadata"]["name"]
        assert env_of(declared, "api")["PAY_KEY"]["secretKeyRef"]["name"] == name
        return name, declared.one("ConfigMap", "api")["metadata"]["name"]

    before, again, after = used(PAY_KEY="one"), used(PAY_KEY="one"), used(PAY_KEY="two")
    assert before == again
    assert before[0] != after[0]
    assert before[1] == after[1]


def test_equal_secrets_of_two_instances_have_different_names(plan: InstancePlan, declare: Declare) -> None:
    other = dataclasses.replace(plan, instance="other")
    assert len({declare(each).one("Secret", "api")["metadata"]["name"] for each in (plan, other)}) == 2


def test_what_is_called_after_its_content_stays_until_it_is_swept(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(plan)
    newer = dataclasses.replace(plan, template=dataclasses.replace(plan.template, version="1.0.1"))
    for kind in ("ConfigMap", "Secret"):
        (found,) = [item for item in declared.seen if item.type.endswith(f":{kind}") and item.name == "api"]
        assert found.retained
        metadata = found.inputs["metadata"]
        assert metadata["labels"]["tenantry.dev/by-content"] == "true"
        assert metadata == declare(newer).one(kind, "api")["metadata"], "several versions may share it"
    (deployment,) = [item for item in declared.seen if item.type.endswith(":Deployment") and item.name == "api"]
    assert not deployment.retained
    assert declared.one("Secret", "api")["immutable"] is True


def test_changed_sources_roll_the_pods_and_another_packing_does_not(plan: InstancePlan, declare: Declare) -> None:
    def mark(changed: InstancePlan, packed: bytes) -> str:
        declared = declare(changed, archives={"api": packed})
        name = declared.one("ConfigMap", "api")["metadata"]["name"]
        volumes = pods(declared)["api"]["spec"]["volumes"]
        assert next(each for each in volumes if each["name"] == "programs")["configMap"]["name"] == name
        return str(name)

    api = plan.component("api")
    assert isinstance(api, ServicePlan)
    assert api.source is not None
    changed = with_component(plan, "api", source=dataclasses.replace(api.source, digest="sha256:" + "e" * 64))
    assert mark(plan, b"one") == mark(plan, b"two")
    assert mark(plan, b"one") != mark(changed, b"one")


def test_urls_of_routed_components_are_known(plan: InstancePlan, declare: Declare) -> None:
    value = Value(parts=(ComponentField(component="api", field="url"), Text(text="/orders")))
    declared = declare(with_component(plan, "worker", env=(EnvVar(name="ORDERS", value=value),)))
    assert env_of(declared, "worker")["ORDERS"] == "https://acme.apps.example.com/api/orders"


def test_an_unknown_field_is_an_error_that_names_component_and_variable(plan: InstancePlan, declare: Declare) -> None:
    value = Value(parts=(ComponentField(component="orders", field="host"),))
    with pytest.raises(CapabilityError, match=r"ORDERS_HOST of worker uses \$\{orders\.host\}"):
        declare(with_component(plan, "worker", env=(EnvVar(name="ORDERS_HOST", value=value),)))


# --- sources ----------------------------------------------------------------------------------------------------------


def test_packed_sources_travel_in_a_config_map(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(plan, archives={"api": b"archive"})
    config = declared.one("ConfigMap", "api")
    assert base64.b64decode(config["binaryData"]["source.tar.gz"]) == b"archive"
    assert set(config["data"]) == {"unpack.py"}
    (init,) = pods(declared)["api"]["spec"]["initContainers"]
    assert init["command"][:3] == ["python", "-I", "/opt/tenantry/programs/unpack.py"]
    assert "sha256:" + "a" * 64 in init["command"]
    assert set(declared.one("ConfigMap", "web")["data"]) == {"site_server.py", "unpack.py"}


def test_a_site_is_told_its_prefixes(plan: InstancePlan, declare: Declare) -> None:
    (main,) = pods(declare(plan))["web"]["spec"]["containers"]
    assert main["command"][-2:] == ["--prefix", "/"]
    assert main["command"][main["command"].index("--not-found") + 1] == "404.html"


def test_sources_that_fit_no_config_map_come_from_the_bundles(plan: InstancePlan, declare: Declare) -> None:
    large = bytes(2**20)
    declared = declare(with_account(plan, bundles="https://bundles.example.com/v1/"), archives={"api": large})
    assert "binaryData" not in declared.one("ConfigMap", "api")
    (init,) = pods(declared)["api"]["spec"]["initContainers"]
    assert init["command"][3:5] == ["--url", f"https://bundles.example.com/v1/{'a' * 64}.tar.gz"]


def test_sources_that_fit_nowhere_are_an_error_before_anything_is_declared(
    plan: InstancePlan, declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[object] = []
    monkeypatch.setattr("tenantry_kubernetes.declare.declare", lambda *args: called.append(args))
    with pytest.raises(CapabilityError, match="The sources of web are 1048576 bytes packed") as caught:
        declare(plan, archives={"web": bytes(2**20)})
    assert not called
    assert "bundles" in caught.value.hint
    assert "image" in caught.value.hint


def test_images_may_come_from_a_mirror(plan: InstancePlan, declare: Declare) -> None:
    mirror = "mirror.example.com/python@sha256:" + "f" * 64
    for name in ("api", "web"):
        pod = pods(declare(with_account(plan, images={"python3.11": mirror})))[name]["spec"]
        assert {each["image"] for each in [*pod["containers"], *pod["initContainers"]]} == {mirror}


# --- network ----------------------------------------------------------------------------------------------------------


def test_nothing_may_talk_before_it_is_allowed(plan: InstancePlan, declare: Declare) -> None:
    deny = declare(plan).one("NetworkPolicy", "instance.default-deny")["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_pods_may_reach_one_another_and_the_name_server(plan: InstancePlan, declare: Declare) -> None:
    inside = declare(plan).one("NetworkPolicy", "instance.inside")["spec"]
    assert inside["ingress"] == [{"from": [{"podSelector": {}}]}]
    names = inside["egress"][1]
    assert {port["port"] for port in names["ports"]} == {53}
    assert names["to"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "kube-system"}


def test_requests_come_from_the_ingress_controller_only(plan: InstancePlan, declare: Declare) -> None:
    (rule,) = declare(plan).one("NetworkPolicy", "api")["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8080}]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}]
    routing: Json = {"kind": "ingress", "class": "edge", "controllers": {"cidrs": ["10.1.0.0/16"]}}
    (rule,) = declare(with_account(plan, routing=routing)).one("NetworkPolicy", "api")["spec"]["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "10.1.0.0/16"}}]


def test_services_reach_the_internet_but_no_private_network(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(plan)
    (rule,) = declared.one("NetworkPolicy", "api")["spec"]["egress"]
    blocks = {peer["ipBlock"]["cidr"]: peer["ipBlock"]["except"] for peer in rule["to"]}
    assert "169.254.0.0/16" in blocks["0.0.0.0/0"], "the cloud's metadata address"
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"} <= set(blocks["0.0.0.0/0"])
    assert "egress" not in declared.one("NetworkPolicy", "web")["spec"], "a site asks nobody"


def test_egress_is_the_extensions_word(plan: InstancePlan, declare: Declare) -> None:
    closed = with_extensions(plan, egress={"internet": False, "cidrs": ["10.9.0.0/24"]})
    (rule,) = declare(closed).one("NetworkPolicy", "api")["spec"]["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "10.9.0.0/24"}}]
    none = with_extensions(plan, egress={"internet": False})
    unrouted = dataclasses.replace(none, routes=tuple(route for route in plan.routes if route.component != "worker"))
    assert "worker" not in declare(unrouted).names("NetworkPolicy")


# --- routing ----------------------------------------------------------------------------------------------------------


def test_the_longest_prefix_stands_first(plan: InstancePlan, declare: Declare) -> None:
    spec = declare(plan).one("Ingress", "routes")["spec"]
    assert spec["ingressClassName"] == "nginx"
    (rule,) = spec["rules"]
    assert rule["host"] == "acme.apps.example.com"
    assert [(path["path"], path["backend"]["service"]["name"]) for path in rule["http"]["paths"]] == [
        ("/api/work", "worker"),
        ("/api", "api"),
        ("/", "web"),
    ]
    assert {path["pathType"] for path in rule["http"]["paths"]} == {"Prefix"}
    assert {path["backend"]["service"]["port"]["number"] for path in rule["http"]["paths"]} == {80}
    assert spec["tls"] == [{"hosts": ["acme.apps.example.com"]}], "the controller's own certificate"


def test_every_domain_gets_every_route(plan: InstancePlan, declare: Declare) -> None:
    issuer: Json = {"issuer": "letsencrypt"}
    changed = with_domains(plan, domain("shop.example.com"), domain("old.example.com", "none"))
    declared = declare(with_extensions(changed, cert_manager=issuer))
    ingress = declared.one("Ingress", "routes")
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == ["shop.example.com", "old.example.com"]
    assert [entry["hosts"] for entry in ingress["spec"]["tls"]] == [["shop.example.com"]]
    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt"
    assert "instance.certificate-challenge" in declared.names("NetworkPolicy")


def test_a_managed_certificate_needs_an_issuer(plan: InstancePlan, declare: Declare) -> None:
    changed = with_domains(plan, domain("shop.example.com"))
    with pytest.raises(CapabilityError, match=r"shop\.example\.com asks for a managed certificate"):
        declare(changed)
    ingress = declare(with_account(changed, cert_manager={"issuer": "own", "kind": "Issuer"})).one("Ingress", "routes")
    assert ingress["metadata"]["annotations"]["cert-manager.io/issuer"] == "own"


def test_a_provided_certificate_becomes_a_secret(plan: InstancePlan, declare: Declare) -> None:
    source = SecretSource(kind="file", name="tls.pem")
    declared = declare(with_domains(plan, domain("shop.example.com", "provided", source)), secrets={"tls.pem": PEM})
    tls = declared.one("Secret", "tls.shop.example.com")
    assert tls["type"] == "kubernetes.io/tls"
    assert tls["data"][SECRET_MARK]
    decoded = {name: base64.b64decode(value).decode() for name, value in tls["data"]["value"].items()}
    assert decoded["tls.key"].count("PRIVATE KEY") == 2
    assert decoded["tls.crt"].index("leaf") < decoded["tls.crt"].index("intermediate")
    (entry,) = declared.one("Ingress", "routes")["spec"]["tls"]
    assert entry == {"hosts": ["shop.example.com"], "secretName": tls["metadata"]["name"]}


@pytest.mark.parametrize("text", ["", "nonsense-secret", PEM.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")])
def test_a_useless_certificate_is_said_without_repeating_it(plan: InstancePlan, declare: Declare, text: str) -> None:
    source = SecretSource(kind="file", name="tls.pem")
    with pytest.raises(PreflightError, match=r"certificate of shop\.example\.com holds") as caught:
        declare(with_domains(plan, domain("shop.example.com", "provided", source)), secrets={"tls.pem": text})
    assert "nonsense" not in str(caught.value)


def test_cert_manager_never_sees_a_provided_certificate(plan: InstancePlan, declare: Declare) -> None:
    source = SecretSource(kind="file", name="tls.pem")
    changed = with_domains(plan, domain("a.example.com"), domain("b.example.com", "provided", source))
    declared = declare(with_account(changed, cert_manager={"issuer": "own"}), secrets={"tls.pem": PEM})
    assert declared.names("Ingress") == {"routes", "routes.provided"}
    provided = declared.one("Ingress", "routes.provided")
    assert [rule["host"] for rule in provided["spec"]["rules"]] == ["b.example.com"]
    assert not [key for key in provided["metadata"]["annotations"] if key.startswith("cert-manager.io/")]


def test_httproute_names_the_clusters_gateway(plan: InstancePlan, declare: Declare) -> None:
    routing: Json = {
        "kind": "httproute",
        "gateway": {"namespace": "edge", "name": "public", "listener": "https"},
        "host_suffix": "apps.example.com",
    }
    declared = declare(with_account(plan, routing=routing))
    assert declared.names("Ingress") == set()
    route = declared.one("HTTPRoute", "routes")
    assert route["apiVersion"] == "gateway.networking.k8s.io/v1"
    (parent,) = route["spec"]["parentRefs"]
    assert (parent["namespace"], parent["name"], parent["sectionName"]) == ("edge", "public", "https")
    assert route["spec"]["hostnames"] == ["acme.apps.example.com"]
    rules = [(rule["matches"][0]["path"]["value"], rule["backendRefs"][0]["name"]) for rule in route["spec"]["rules"]]
    assert rules == [("/api/work", "worker"), ("/api", "api"), ("/", "web")]
    assert {rule["matches"][0]["path"]["type"] for rule in route["spec"]["rules"]} == {"PathPrefix"}
    (opening,) = declared.one("NetworkPolicy", "api")["spec"]["ingress"]
    assert opening["from"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "edge"}


def test_httproute_cannot_carry_a_certificate(plan: InstancePlan, declare: Declare) -> None:
    routing: Json = {"kind": "httproute", "gateway": {"namespace": "edge", "name": "public"}}
    source = SecretSource(kind="file", name="tls.pem")
    with pytest.raises(CapabilityError, match="the Gateway holds the certificates"):
        declare(with_domains(with_account(plan, routing=routing), domain("a.example.com", "provided", source)))
    declare(with_domains(with_account(plan, routing=routing), domain("a.example.com")))


def test_an_instance_without_routes_declares_none(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(dataclasses.replace(plan, routes=()))
    assert declared.names("Ingress") == set()
    assert declared.outputs.services == {}


# --- connection -------------------------------------------------------------------------------------------------------


def test_credentials_reach_the_plugin_by_environment_alone(
    plan: InstancePlan, declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/ambient/config")
    declared = declare(with_account(plan, cluster="11111111-2222-3333-4444-555555555555", context="prod"))
    (provider,) = [item for item in declared.seen if item.type == "pulumi:providers:kubernetes"]
    assert provider.env_var_mappings == {"ACME_KUBECONFIG": "KUBECONFIG"}
    assert "kubeconfig" not in provider.inputs, "the SDK must not pick up another cluster's file"
    assert provider.inputs["context"] == "prod"
    assert provider.inputs["clusterIdentifier"] == "acme"
    assert provider.inputs["enableServerSideApply"] == provider.inputs["upsertExistingObjects"] == "true"
    assert provider.inputs["enableConfigMapMutable"] == provider.inputs["enableSecretMutable"] == "true"
    assert declared.account == "uid-1"
    assert declared.declared == "11111111-2222-3333-4444-555555555555"


def test_a_file_is_named_by_its_path(plan: InstancePlan, declare: Declare, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("{}")
    declared = declare(with_account(plan, kubeconfig={"ref": {"file": str(file)}}))
    (provider,) = [item for item in declared.seen if item.type == "pulumi:providers:kubernetes"]
    assert (provider.inputs["kubeconfig"], provider.env_var_mappings) == (str(file), {})


@pytest.mark.parametrize(
    ("account", "message"),
    [
        ({"kubeconfig": None}, "names no kubeconfig"),
        ({"kubeconfig": {"ref": {"env": "NOT_SET_ANYWHERE"}}}, "NOT_SET_ANYWHERE.* is not set"),
        ({"kubeconfig": {"ref": {"file": "/nonexistent/config"}}}, "does not exist: /nonexistent/config"),
        ({"routing": None}, "how the cluster routes"),
    ],
)
def test_missing_credentials_say_what_to_add(
    plan: InstancePlan, declare: Declare, account: dict[str, Json], message: str
) -> None:
    with pytest.raises(PreflightError, match=message) as caught:
        declare(with_account(plan, **account))
    assert caught.value.hint


SANDBOX = {
    "TENANTRY_SANDBOX_KUBECONFIG": "/sandbox/kubeconfig",
    "TENANTRY_SANDBOX_INGRESS_CLASS": "sandboxed",
    "TENANTRY_SANDBOX_GATEWAY": "edge/front",
}


def test_a_sandbox_takes_nothing_from_the_account_but_its_form(
    plan: InstancePlan, declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_KUBECONFIG")
    account = with_account(plan, cluster="11111111-2222-3333-4444-555555555555", context="prod")
    declared = declare(sandboxed(with_domains(account, domain("shop.example.com"))), settings=SANDBOX)
    (provider,) = [item for item in declared.seen if item.type == "pulumi:providers:kubernetes"]
    assert provider.env_var_mappings == {"TENANTRY_SANDBOX_KUBECONFIG": "KUBECONFIG"}
    assert "context" not in provider.inputs
    assert declared.declared is None
    assert declared.one("Ingress", "routes")["spec"]["ingressClassName"] == "sandboxed"
    annotations = pods(declared)["web"]["metadata"]["annotations"]
    assert json.loads(annotations["sandbox.tenantry.dev/images"]) == {
        "docker.io/library/python:3.11-slim": "python3.11"
    }

    gateway: Json = {"kind": "httproute", "gateway": {"namespace": "real", "name": "real"}}
    declared = declare(sandboxed(with_account(plan, routing=gateway)), settings=SANDBOX)
    (parent,) = declared.one("HTTPRoute", "routes")["spec"]["parentRefs"]
    assert (parent["namespace"], parent["name"]) == ("edge", "front")


def test_a_sandbox_needs_no_account_at_all(plan: InstancePlan, declare: Declare) -> None:
    empty = dataclasses.replace(plan, runtime=dataclasses.replace(plan.runtime, account={}))
    assert declare(sandboxed(empty), settings=SANDBOX).names("Deployment") == {"api", "web", "worker"}


def test_a_sandbox_that_does_not_run_is_said(plan: InstancePlan, declare: Declare) -> None:
    with pytest.raises(SandboxError, match="TENANTRY_SANDBOX_KUBECONFIG is not set"):
        declare(sandboxed(plan))


def test_live_pods_carry_nothing_for_a_sandbox(plan: InstancePlan, declare: Declare) -> None:
    assert "sandbox" not in json.dumps(pods(declare(plan))["web"]["metadata"])


# --- outputs ----------------------------------------------------------------------------------------------------------


def test_outputs_have_the_one_shape(plan: InstancePlan, declare: Declare) -> None:
    outputs = declare(plan).outputs
    assert outputs.url == "https://acme.apps.example.com"
    assert outputs.services == {
        "web": "https://acme.apps.example.com",
        "api": "https://acme.apps.example.com/api",
        "worker": "https://acme.apps.example.com/api/work",
    }
    assert outputs.refs["namespace"].startswith("acme-")


@pytest.mark.parametrize(("tls", "url"), [("none", "http://a.example.com"), ("managed", "https://a.example.com")])
def test_a_url_that_the_plan_does_not_know_comes_from_the_host(
    plan: InstancePlan, declare: Declare, tls: str, url: str
) -> None:
    changed = with_domains(with_account(plan, cert_manager={"issuer": "own"}), domain("a.example.com", tls))
    assert declare(dataclasses.replace(changed, url=None)).outputs.url == url


def test_a_site_alone_is_enough(plan: InstancePlan, declare: Declare) -> None:
    only = tuple(item for item in plan.components if isinstance(item, SitePlan))
    routes = tuple(route for route in plan.routes if route.component == "web")
    declared = declare(dataclasses.replace(plan, components=only, routes=routes))
    assert declared.names("Deployment") == {"web"}
    assert declared.names("Secret") == set()


# --- one instance, one project ----------------------------------------------------------------------------------------


def test_everything_comes_after_what_tells_the_project(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(plan)
    account = declared.one("ServiceAccount", "workload")
    assert account["metadata"]["annotations"]["tenantry.dev/project"] == "unit"
    assert "pulumi.com/patchForce" not in account["metadata"]["annotations"], "or a second project would take it over"
    for item in declared.seen:
        if not item.type.startswith("kubernetes:") or item.read or item.name in {"namespace", "workload"}:
            continue
        assert any(urn.endswith("::workload") for urn in item.dependencies), item.name
