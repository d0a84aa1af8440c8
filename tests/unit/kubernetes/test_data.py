"""What the runtime declares for databases, buckets and schedules, as it stands on the wire."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.contract.sandbox import loopback_url
from tenantry.errors import CapabilityError, PreflightError
from tenantry.spec.bindings import binding
from tenantry.spec.plan import (
    BucketPlan,
    ComponentField,
    DatabasePlan,
    EnvVar,
    LifecycleState,
    Scale,
    SchedulePlan,
    ServicePlan,
    Value,
)
from tenantry_kubernetes.names import access_key_id, namespace_name, task_labels
from tenantry_kubernetes.permissions import RESOURCES, kinds
from tenantry_kubernetes.workloads.external_database import parse_dsn
from tenantry_kubernetes.workloads.schedule import kubernetes_cron

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.spec.plan import InstancePlan, Json

    Declare = Callable[..., Any]

SECRET_MARK = "4dabf18193072939515e22adb298388d"
SETTINGS = {
    "TENANTRY_SANDBOX_KUBECONFIG": "/sandbox/kubeconfig",
    "TENANTRY_SANDBOX_INGRESS_CLASS": "sandboxed",
    "TENANTRY_SANDBOX_GATEWAY": "edge/front",
    "TENANTRY_SANDBOX_HOST_SUFFIX": "sandbox.tenantry.localhost",
    "TENANTRY_SANDBOX_HTTP_PORT": "8480",
}
ORDERS = DatabasePlan(id="orders", engine="postgresql", version="15", size="small")
LEDGER = DatabasePlan(id="ledger", engine="mysql", version="8.4", size="medium")
MEDIA = BucketPlan(id="media", public=False)
NIGHTLY = SchedulePlan(id="nightly", cron="0 3 * * *", timezone="Asia/Shanghai", target="api", path="/tasks/cleanup")
DSN = "postgresql://shop:p%40ss@db.example.com:6432/shop_acme?application_name=shop"
EXTERNAL: dict[str, Json] = {
    "databases": {"orders": {"dsn": {"ref": {"env": "ACME_ORDERS"}}, "ca": {"ref": {"file": "orders.pem"}}}},
    "buckets": {
        "media": {
            "endpoint": "https://s3.example.com",
            "region": "eu-1",
            "bucket": "acme-media",
            "addressing": "virtual",
            "access_key_id": {"ref": {"env": "ACME_KEY"}},
            "secret_access_key": {"ref": {"env": "ACME_SECRET"}},
        }
    },
}
SECRETS = {"ACME_ORDERS": DSN, "orders.pem": "PEM", "ACME_KEY": "AKEXTERNAL", "ACME_SECRET": "external-secret"}


@pytest.fixture
def shop(plan: InstancePlan) -> InstancePlan:
    """The instance with one of each kind of data, bound by its service `api`."""
    api = plan.component("api")
    assert isinstance(api, ServicePlan)
    bound = dataclasses.replace(
        api,
        bind=("orders", "media"),
        env=(*api.env, *binding("orders", "database"), *binding("media", "bucket")),
    )
    others = tuple(item for item in plan.components if item.id != "api")
    return dataclasses.replace(plan, components=(bound, MEDIA, NIGHTLY, ORDERS, *others))


def said(plan: InstancePlan, account: dict[str, Json], extensions: dict[str, Json] | None = None) -> InstancePlan:
    runtime = dataclasses.replace(plan.runtime, account=plan.runtime.account | account, extensions=extensions or {})
    return dataclasses.replace(plan, runtime=runtime)


def env_of(container: dict[str, Any]) -> dict[str, Any]:
    names = [entry["name"] for entry in container["env"]]
    assert len(set(names)) == len(names), "server-side apply refuses a name twice"
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container["env"]}


def pod_of(declared: Any, kind: str, name: str) -> dict[str, Any]:  # noqa: ANN401 - what the fixture gives
    template: dict[str, Any] = declared.one(kind, name)["spec"]["template"]
    return template


def secret_of(declared: Any, name: str) -> dict[str, str]:  # noqa: ANN401 - what the fixture gives
    data = declared.one("Secret", name)["data"]
    assert data[SECRET_MARK], "the values are marked as secrets"
    return {key: base64.b64decode(value).decode() for key, value in data["value"].items()}


def registered(declared: Any, kind: str, name: str) -> Any:  # noqa: ANN401 - what the fixture gives
    (found,) = [item for item in declared.seen if item.type.endswith(f":{kind}") and item.name == name]
    return found


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def test_postgresql_runs_the_official_image_without_rights_on_a_volume(shop: InstancePlan, declare: Declare) -> None:
    declared = declare(shop)
    template = pod_of(declared, "StatefulSet", "orders")
    pod, (container,) = template["spec"], template["spec"]["containers"]
    assert container["image"] == "docker.io/library/postgres:15"
    assert "command" not in container
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == 999
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert pod["automountServiceAccountToken"] is False
    claim = declared.one("PersistentVolumeClaim", "orders")["spec"]
    assert claim == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}}
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "orders"}} in pod["volumes"]
    spec = declared.one("StatefulSet", "orders")["spec"]
    assert spec["replicas"] == 1
    assert spec["serviceName"] == "orders"
    assert "volumeClaimTemplates" not in spec
    environment = env_of(container)
    data = next(mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "data")
    assert environment["PGDATA"].startswith(data + "/"), "the root of a volume may hold lost+found"
    service = declared.one("Service", "orders")["spec"]
    assert [(port["port"], port["targetPort"]) for port in service["ports"]] == [(5432, 5432)]


def test_postgresql_takes_only_tls_and_passwords_from_outside(shop: InstancePlan, declare: Declare) -> None:
    declared = declare(shop)
    config = declared.one("ConfigMap", "orders")["data"]
    rules = [line.split() for line in config["pg_hba.conf"].splitlines() if not line.startswith("#")]
    assert rules == [["local", "all", "all", "trust"], ["hostssl", "all", "all", "all", "scram-sha-256"]]
    container = pod_of(declared, "StatefulSet", "orders")["spec"]["containers"][0]
    assert container["args"][0] == "postgres"
    settings = dict(word.split("=", 1) for word in container["args"][2::2])
    assert set(container["args"][1::2]) == {"-c"}
    assert settings["ssl"] == "on"
    assert settings["ssl_key_file"] == "/opt/tenantry/server/tls.key"
    assert settings["hba_file"] == "/opt/tenantry/config/pg_hba.conf"
    volume = next(
        each for each in pod_of(declared, "StatefulSet", "orders")["spec"]["volumes"] if each["name"] == "server"
    )
    assert volume["secret"]["defaultMode"] == 0o400, "PostgreSQL refuses a key that its group may write or others read"
    held = secret_of(declared, "orders")
    assert held == {
        "password": "made-for-orders",
        "admin-password": "made-for-orders.admin",
        "tls.crt": "certificate of orders",
        "tls.key": "key of orders",
    }


def test_the_application_owns_one_database_and_is_no_superuser(shop: InstancePlan, declare: Declare) -> None:
    declared = declare(shop)
    environment = env_of(pod_of(declared, "StatefulSet", "orders")["spec"]["containers"][0])
    assert environment["POSTGRES_USER"] != environment["APPLICATION_USER"] == "orders"
    assert environment["POSTGRES_PASSWORD_FILE"] != environment["APPLICATION_PASSWORD_FILE"]
    script = declared.one("ConfigMap", "orders")["data"]["10-application.sql"]
    assert "SUPERUSER" not in script
    assert "made-for" not in script


def test_a_service_gets_the_whole_documented_environment(shop: InstancePlan, declare: Declare) -> None:
    declared = declare(shop)
    container = pod_of(declared, "Deployment", "api")["spec"]["containers"][0]
    environment = env_of(container)
    host = f"orders.{namespace_name(shop)}.svc"
    plain = {
        name: value for name, value in environment.items() if name.startswith("ORDERS_") and isinstance(value, str)
    }
    assert plain == {
        "ORDERS_HOST": host,
        "ORDERS_PORT": "5432",
        "ORDERS_NAME": "orders",
        "ORDERS_USER": "orders",
        "ORDERS_CA_FILE": "/opt/tenantry/bindings/orders/ca.pem",
    }
    behind = {name for name, value in environment.items() if isinstance(value, dict)}
    assert {"ORDERS_URL", "ORDERS_PASSWORD", "MEDIA_SECRET_ACCESS_KEY"} <= behind
    held = secret_of(declared, "api")
    assert held["ORDERS_PASSWORD"] == "made-for-orders"
    assert held["ORDERS_URL"] == (
        f"postgresql://orders:made-for-orders@{host}:5432/orders"
        "?sslmode=verify-ca&sslrootcert=/opt/tenantry/bindings/orders/ca.pem"
    )
    mount = next(each for each in container["volumeMounts"] if each["name"] == "ca-orders")
    assert mount == {"name": "ca-orders", "mountPath": "/opt/tenantry/bindings/orders", "readOnly": True}
    volume = next(
        each for each in pod_of(declared, "Deployment", "api")["spec"]["volumes"] if each["name"] == "ca-orders"
    )
    assert declared.one("ConfigMap", volume["configMap"]["name"])["data"] == {"ca.pem": "authority of orders"}


def test_a_service_that_binds_nothing_mounts_nothing_of_it(shop: InstancePlan, declare: Declare) -> None:
    worker = pod_of(declare(shop), "Deployment", "worker")["spec"]
    assert not [volume for volume in worker["volumes"] if volume["name"].startswith("ca-")]


def test_naming_one_field_is_as_good_as_binding(plan: InstancePlan, declare: Declare) -> None:
    api = plan.component("api")
    assert isinstance(api, ServicePlan)
    value = Value(parts=(ComponentField(component="orders", field="ca_file"),))
    changed = dataclasses.replace(api, env=(EnvVar(name="TRUSTED", value=value),))
    others = tuple(item for item in plan.components if item.id != "api")
    declared = declare(dataclasses.replace(plan, components=(changed, ORDERS, *others)))
    pod = pod_of(declared, "Deployment", "api")["spec"]
    assert any(volume["name"] == "ca-orders" for volume in pod["volumes"])
    assert env_of(pod["containers"][0])["TRUSTED"] == "/opt/tenantry/bindings/orders/ca.pem"


def test_services_start_after_what_they_bind(shop: InstancePlan, declare: Declare) -> None:
    def after(name: str, kind: str = "Deployment") -> set[tuple[str, str]]:
        return {
            (urn.rpartition("::")[0].rpartition(":")[2], urn.rpartition("::")[2])
            for urn in registered(declared, kind, name).dependencies
        }

    declared = declare(shop)
    assert {("StatefulSet", "orders"), ("StatefulSet", "media"), ("Job", "media")} <= after("api")
    assert not {entry for entry in after("worker") if entry[0] in {"StatefulSet", "Job"}}
    bounds = {("ResourceQuota", "quota"), ("LimitRange", "limits"), ("NetworkPolicy", "instance.default-deny")}
    assert bounds | {("NetworkPolicy", "orders")} <= after("orders", "StatefulSet")
    assert bounds <= after("nightly", "CronJob")


def test_sizes_order_what_they_give(shop: InstancePlan, declare: Declare) -> None:
    found = []
    for size in ("small", "medium", "large"):
        database = dataclasses.replace(ORDERS, size=size)
        components = tuple(database if item.id == "orders" else item for item in shop.components)
        declared = declare(dataclasses.replace(shop, components=components))
        container = pod_of(declared, "StatefulSet", "orders")["spec"]["containers"][0]
        assert container["resources"]["requests"] == container["resources"]["limits"]
        storage = declared.one("PersistentVolumeClaim", "orders")["spec"]["resources"]["requests"]["storage"]
        found.append((container["resources"]["limits"]["memory"], storage))
    assert found == [("512Mi", "5Gi"), ("2Gi", "20Gi"), ("8Gi", "100Gi")]


def test_the_account_says_class_and_size_of_volumes(shop: InstancePlan, declare: Declare) -> None:
    extensions: dict[str, Json] = {"volumes": {"media": "50Gi", "orders": "50Gi"}}
    declared = declare(said(shop, {"storage": {"class": "fast", "sizes": {"orders": "300Gi"}}}, extensions))
    orders, media = (declared.one("PersistentVolumeClaim", name)["spec"] for name in ("orders", "media"))
    assert orders["storageClassName"] == media["storageClassName"] == "fast"
    assert orders["resources"]["requests"]["storage"] == "300Gi"
    assert media["resources"]["requests"]["storage"] == "50Gi"


def test_unknown_versions_are_named_errors_before_anything_is_declared(
    shop: InstancePlan, declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[object] = []
    monkeypatch.setattr("tenantry.credential.Credential", lambda *args, **_: called.append(args))
    odd = dataclasses.replace(ORDERS, version="9")
    with pytest.raises(CapabilityError, match="orders asks for postgresql 9") as caught:
        declare(dataclasses.replace(shop, components=(MEDIA, odd)))
    assert "15" in caught.value.hint
    assert not called


# --- MySQL ------------------------------------------------------------------------------------------------------------


def test_mysql_runs_the_official_image_with_tls_only(shop: InstancePlan, declare: Declare) -> None:
    declared = declare(dataclasses.replace(shop, components=(*shop.components, LEDGER)))
    pod = pod_of(declared, "StatefulSet", "ledger")["spec"]
    (container,) = pod["containers"]
    assert container["image"] == "docker.io/library/mysql:8.4"
    assert {"--require-secure-transport=ON", "--ssl-key=/opt/tenantry/server/tls.key"} <= set(container["args"])
    assert pod["securityContext"]["runAsUser"] == 999
    assert set(secret_of(declared, "ledger")) == {"password", "admin-password", "ca.pem", "tls.crt", "tls.key"}
    environment = env_of(container)
    assert environment["MYSQL_USER"] == environment["MYSQL_DATABASE"] == "ledger"
    assert environment["MYSQL_ROOT_HOST"] == "localhost"
    assert declared.outputs.databases.keys() == {"orders", "ledger"}


# --- buckets ----------------------------------------------------------------------------------------------------------


def test_a_bucket_is_an_s3_server_without_rights_on_a_volume(shop: InstancePlan, declare: Declare) -> None:
    declared = declare(shop)
    pod = pod_of(declared, "StatefulSet", "media")["spec"]
    (container,) = pod["containers"]
    assert container["image"].startswith("docker.io/versity/versitygw:v")
    assert container["args"] == ["posix", "/opt/tenantry/data/buckets"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["securityContext"]["runAsNonRoot"] is True
    environment = env_of(container)
    assert environment["ROOT_SECRET_ACCESS_KEY"] == {"secretKeyRef": {"name": "media", "key": "root-secret-key"}}
    assert container["readinessProbe"]["httpGet"] == {"path": environment["VGW_HEALTH"], "port": 7070, "scheme": "HTTP"}
    assert {port["containerPort"] for port in container["ports"]} == {7070, 7071}
    assert secret_of(declared, "media") == {
        "root-secret-key": "made-for-media.root",
        "secret-access-key": "made-for-media",
    }


def test_a_service_gets_keys_of_its_bucket_alone(shop: InstancePlan, declare: Declare) -> None:
    declared = declare(shop)
    environment = env_of(pod_of(declared, "Deployment", "api")["spec"]["containers"][0])
    plain = {name: value for name, value in environment.items() if name.startswith("MEDIA_") and isinstance(value, str)}
    assert plain == {
        "MEDIA_ENDPOINT": f"http://media.{namespace_name(shop)}.svc:7070",
        "MEDIA_PUBLIC_ENDPOINT": "https://media--acme.apps.example.com",
        "MEDIA_REGION": "us-east-1",
        "MEDIA_BUCKET": "media",
        "MEDIA_ACCESS_KEY_ID": access_key_id(shop, "media"),
        "MEDIA_ADDRESSING": "path",
    }
    assert secret_of(declared, "api")["MEDIA_SECRET_ACCESS_KEY"] == "made-for-media"
    root = env_of(pod_of(declared, "StatefulSet", "media")["spec"]["containers"][0])["ROOT_ACCESS_KEY_ID"]
    assert root != plain["MEDIA_ACCESS_KEY_ID"]


def test_a_job_sets_the_bucket_up_and_another_job_when_that_changes(shop: InstancePlan, declare: Declare) -> None:
    declared = declare(shop)
    job = declared.one("Job", "media")
    assert job["metadata"]["name"].startswith("media-setup-")
    template = job["spec"]["template"]
    assert template["metadata"]["labels"] == task_labels(shop, "media")
    assert "tenantry.dev/component" not in template["metadata"]["labels"], "no Service may send it requests"
    environment = env_of(template["spec"]["containers"][0])
    assert environment["ADMIN_ENDPOINT"].endswith(":7071")
    assert environment["PUBLIC"] == "false"
    assert json.loads(environment["ORIGINS"]) == ["https://acme.apps.example.com"]
    assert environment["SECRET_ACCESS_KEY"] == {"secretKeyRef": {"name": "media", "key": "secret-access-key"}}
    components = tuple(dataclasses.replace(item, public=True) if item is MEDIA else item for item in shop.components)
    public = declare(dataclasses.replace(shop, components=components)).one("Job", "media")
    assert public["metadata"]["name"] != job["metadata"]["name"]
    assert env_of(public["spec"]["template"]["spec"]["containers"][0])["PUBLIC"] == "true"


def test_a_bucket_has_a_host_of_its_own(shop: InstancePlan, declare: Declare) -> None:
    ingress = declare(shop).one("Ingress", "bucket.media")
    (rule,) = ingress["spec"]["rules"]
    assert rule["host"] == "media--acme.apps.example.com"
    (path,) = rule["http"]["paths"]
    assert (path["path"], path["backend"]["service"]) == ("/", {"name": "media", "port": {"number": 7070}})
    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"] == "0"


def test_a_bucket_below_a_domain_uses_that_domains_certificate(shop: InstancePlan, declare: Declare) -> None:
    from tests.unit.kubernetes.conftest import domain

    account: dict[str, Json] = {"routing": {"kind": "ingress", "class": "nginx"}, "cert_manager": {"issuer": "own"}}
    plan = dataclasses.replace(said(shop, account), domains=(domain("shop.acme.example"),))
    declared = declare(plan)
    ingress = declared.one("Ingress", "bucket.media")
    assert ingress["spec"]["rules"][0]["host"] == "media.shop.acme.example"
    assert ingress["spec"]["tls"][0]["hosts"] == ["media.shop.acme.example"]
    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "own"
    environment = env_of(pod_of(declared, "Deployment", "api")["spec"]["containers"][0])
    assert environment["MEDIA_PUBLIC_ENDPOINT"] == "https://media.shop.acme.example"


def test_a_bucket_behind_a_gateway_is_an_http_route(shop: InstancePlan, declare: Declare) -> None:
    routing: dict[str, Json] = {
        "routing": {
            "kind": "httproute",
            "gateway": {"namespace": "edge", "name": "public"},
            "host_suffix": "apps.example.com",
        }
    }
    route = declare(said(shop, routing)).one("HTTPRoute", "bucket.media")
    assert route["spec"]["hostnames"] == ["media--acme.apps.example.com"]
    assert route["spec"]["rules"][0]["backendRefs"][0]["port"] == 7070


def test_long_names_of_a_buckets_host_stay_labels(shop: InstancePlan, declare: Declare) -> None:
    long = dataclasses.replace(shop, instance="a" * 40)
    components = tuple(dataclasses.replace(item, id="b" * 40) if item is MEDIA else item for item in shop.components)
    declared = declare(dataclasses.replace(long, components=(components[1],), routes=()))
    host = declared.one("Ingress", "bucket." + "b" * 40)["spec"]["rules"][0]["host"]
    assert len(host.partition(".")[0]) == 63


def test_in_a_sandbox_browsers_reach_the_bucket_at_its_loopback_address(shop: InstancePlan, declare: Declare) -> None:
    url = "http://127.1.2.3:8480"
    plan = dataclasses.replace(shop, mode="sandbox", host="acme.sandbox.tenantry.localhost", url=url)
    declared = declare(said(plan, EXTERNAL), settings=SETTINGS)
    environment = env_of(pod_of(declared, "Deployment", "api")["spec"]["containers"][0])
    host = "media--acme.sandbox.tenantry.localhost"
    assert environment["MEDIA_PUBLIC_ENDPOINT"] == loopback_url(host, "8480")
    assert environment["ORDERS_HOST"].endswith(".svc"), "the account's data is not used in a sandbox"
    setup = env_of(pod_of(declared, "Job", "media")["spec"]["containers"][0])
    assert json.loads(setup["ORIGINS"]) == [url, "http://acme.sandbox.tenantry.localhost:8480"]
    marks = json.loads(
        pod_of(declared, "StatefulSet", "media")["metadata"]["annotations"]["sandbox.tenantry.dev/images"]
    )
    assert sorted(marks.values()) == ["python3.11", "versitygw"]
    marks = json.loads(
        pod_of(declared, "StatefulSet", "orders")["metadata"]["annotations"]["sandbox.tenantry.dev/images"]
    )
    assert marks == {"docker.io/library/postgres:15": "postgresql15"}


# --- schedules --------------------------------------------------------------------------------------------------------


def test_a_schedule_calls_its_target_inside_the_namespace(shop: InstancePlan, declare: Declare) -> None:
    spec = declare(shop).one("CronJob", "nightly")["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("0 3 * * *", "Asia/Shanghai")
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["suspend"] is False
    template = spec["jobTemplate"]["spec"]["template"]
    assert template["metadata"]["labels"] == task_labels(shop, "api")
    (container,) = template["spec"]["containers"]
    assert f"http://api.{namespace_name(shop)}.svc/tasks/cleanup" in container["command"]
    assert template["spec"]["restartPolicy"] == "Never"


@pytest.mark.parametrize(
    ("template", "kubernetes"),
    [
        ("0 3 * * *", "0 3 * * *"),
        ("0 3 * * 7", "0 3 * * 0"),
        ("0 3 7 * 5-7", "0 3 7 * 0,5,6"),
        ("0 3 * * 1,7", "0 3 * * 0,1"),
        ("*/7 * * * mon-fri", "*/7 * * * mon-fri"),
        ("0 3 * * 1-7/2", "0 3 * * 0,1,3,5"),
        ("0 3 * * MON,7", "0 3 * * 0,1"),
        ("0 3 * * */7", "0 3 * * 0"),
    ],
)
def test_sunday_is_zero_for_kubernetes(template: str, kubernetes: str) -> None:
    assert kubernetes_cron(template) == kubernetes


# --- what the account names -------------------------------------------------------------------------------------------


def test_data_of_the_account_makes_no_servers_and_every_field_is_secret(shop: InstancePlan, declare: Declare) -> None:
    declared = declare(said(shop, EXTERNAL), secrets=SECRETS)
    for kind in ("StatefulSet", "PersistentVolumeClaim", "Job", "Credential", "ServerCertificate"):
        assert declared.names(kind) == set()
    held = secret_of(declared, "api")
    assert {name: held[name] for name in held if name.startswith("ORDERS_")} == {
        "ORDERS_URL": f"{DSN}&sslmode=verify-full&sslrootcert=/opt/tenantry/bindings/orders/ca.pem",
        "ORDERS_HOST": "db.example.com",
        "ORDERS_PORT": "6432",
        "ORDERS_NAME": "shop_acme",
        "ORDERS_USER": "shop",
        "ORDERS_PASSWORD": "p@ss",
    }
    assert held["MEDIA_ACCESS_KEY_ID"] == "AKEXTERNAL"
    environment = env_of(pod_of(declared, "Deployment", "api")["spec"]["containers"][0])
    assert environment["ORDERS_CA_FILE"] == "/opt/tenantry/bindings/orders/ca.pem"
    assert environment["MEDIA_ENDPOINT"] == environment["MEDIA_PUBLIC_ENDPOINT"] == "https://s3.example.com"
    assert (environment["MEDIA_BUCKET"], environment["MEDIA_ADDRESSING"]) == ("acme-media", "virtual")
    assert declared.one("ConfigMap", "orders.ca")["data"] == {"ca.pem": "PEM"}
    assert not registered(declared, "Namespace", "namespace").protected, "it holds no data"


@pytest.mark.parametrize(
    ("text", "engine", "expected"),
    [
        ("postgres://u:p@h/n", "postgresql", {"port": "5432", "name": "n"}),
        ("mysql://u:p%2F@h:3307/n", "mysql", {"port": "3307", "password": "p/"}),
        ("postgresql://u:p@[::1]:5/n?sslmode=disable\n", "postgresql", {"host": "::1", "port": "5"}),
    ],
)
def test_addresses_are_taken_apart(text: str, engine: str, expected: dict[str, str]) -> None:
    found = parse_dsn(text, engine, "orders", "")
    assert found.items() >= expected.items()
    assert found["url"] == text.strip()


def test_what_an_address_says_of_tls_stays(shop: InstancePlan) -> None:
    found = parse_dsn("postgresql://u:p@h/n?sslmode=verify-ca", "postgresql", "orders", "/ca.pem")
    assert found["url"] == "postgresql://u:p@h/n?sslmode=verify-ca&sslrootcert=/ca.pem"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        "mysql://u:hunter2@h/n",
        "postgresql://u@h/n",
        "postgresql://u:hunter2@h",
        "postgresql://u:hunter2@a,b/n",
        "postgresql://u:hunter2@h:99999/n",
        "postgresql://u:hunter2@[h/n",
        "postgresql:///n",
    ],
)
def test_addresses_that_cannot_be_used_are_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(PreflightError) as caught:
        parse_dsn(text, "postgresql", "orders", "")
    assert "hunter2" not in str(caught.value)
    assert "postgresql://USER" in caught.value.hint


def test_an_operator_makes_the_database_where_the_account_or_the_template_says_so(
    shop: InstancePlan, declare: Declare
) -> None:
    by_account = said(shop, {"databases": {"orders": {"operator": "cloudnative-pg"}}})
    by_template = said(shop, {}, {"databases": {"orders": {"operator": "cloudnative-pg"}}})
    for plan in (by_account, by_template):
        declared = declare(plan)
        assert declared.names("StatefulSet") == {"media"}
        cluster = declared.one("Cluster", "orders")
        assert cluster["spec"]["imageName"] == "ghcr.io/cloudnative-pg/postgresql:15"
        assert cluster["spec"]["bootstrap"]["initdb"] == {
            "database": "orders",
            "owner": "orders",
            "secret": {"name": "orders"},
            "dataChecksums": True,
        }
        assert registered(declared, "Cluster", "orders").protected
        assert secret_of(declared, "orders") == {"username": "orders", "password": "made-for-orders"}
        assert declared.one("Secret", "orders")["type"] == "kubernetes.io/basic-auth"
        environment = env_of(pod_of(declared, "Deployment", "api")["spec"]["containers"][0])
        assert environment["ORDERS_HOST"] == f"orders-rw.{namespace_name(plan)}.svc"
        volumes = pod_of(declared, "Deployment", "api")["spec"]["volumes"]
        (trusted,) = [volume for volume in volumes if volume["name"] == "ca-orders"]
        assert trusted["secret"]["secretName"] == "orders-ca"
        assert trusted["secret"]["items"] == [{"key": "ca.crt", "path": "ca.pem"}]


def test_an_operator_of_another_engine_is_refused(shop: InstancePlan, declare: Declare) -> None:
    plan = said(shop, {"databases": {"ledger": {"operator": "cloudnative-pg"}}})
    with pytest.raises(CapabilityError, match="ledger is mysql"):
        declare(dataclasses.replace(plan, components=(*plan.components, LEDGER)))


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_data_is_reached_by_those_that_use_it_alone(shop: InstancePlan, declare: Declare) -> None:
    declared = declare(shop)
    policy = declared.one("NetworkPolicy", "orders")["spec"]
    assert policy["podSelector"]["matchLabels"]["tenantry.dev/component"] == "orders"
    (rule,) = policy["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 5432}]
    selected = [peer["podSelector"]["matchExpressions"][0] for peer in rule["from"]]
    assert selected == [
        {"key": "tenantry.dev/task-of", "operator": "In", "values": ["api", "orders"]},
        {"key": "tenantry.dev/component", "operator": "In", "values": ["api"]},
    ]
    inside = declared.one("NetworkPolicy", "instance.inside")["spec"]
    assert inside["podSelector"] == {"matchExpressions": [{"key": "tenantry.dev/data", "operator": "DoesNotExist"}]}
    for name in ("orders", "media"):
        assert pod_of(declared, "StatefulSet", name)["metadata"]["labels"]["tenantry.dev/data"] == "true"
    s3, admin = declared.one("NetworkPolicy", "media")["spec"]["ingress"]
    assert {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}} in s3["from"]
    assert admin == {
        "from": [{"podSelector": {"matchLabels": {"tenantry.dev/task-of": "media"}}}],
        "ports": [{"protocol": "TCP", "port": 7071}],
    }


def test_an_instance_without_data_has_the_policies_and_the_quota_that_it_had(
    plan: InstancePlan, declare: Declare
) -> None:
    declared = declare(plan)
    assert declared.one("NetworkPolicy", "instance.inside")["spec"]["podSelector"] == {}
    assert declared.one("ResourceQuota", "quota")["spec"]["hard"]["persistentvolumeclaims"] == "0"
    assert not registered(declared, "Namespace", "namespace").protected
    assert declared.outputs.databases == declared.outputs.buckets == {}


def test_the_quota_leaves_room_for_data(plan: InstancePlan, shop: InstancePlan, declare: Declare) -> None:
    before, after = (declare(each).one("ResourceQuota", "quota")["spec"]["hard"] for each in (plan, shop))
    assert after["persistentvolumeclaims"] == "2"
    # Two of the database, two of the bucket, two of its set-up, two calls of the schedule.
    assert int(after["pods"]) - int(before["pods"]) == 8


def test_the_kinds_of_the_permissions_are_those_that_are_declared(shop: InstancePlan, declare: Declare) -> None:
    operated = said(shop, {"databases": {"orders": {"operator": "cloudnative-pg"}}})
    whole = dataclasses.replace(shop, components=(*shop.components, LEDGER))
    for plan in (whole, operated, said(shop, EXTERNAL)):
        declared = {
            (item.inputs["metadata"]["labels"].get("tenantry.dev/component", "*"), item.type.rpartition(":")[2])
            for item in declare(plan, secrets=SECRETS).seen
            if item.type.startswith("kubernetes:") and not item.read
        }
        assert set(kinds(plan)) == declared
        assert {kind for _, kind in declared} <= set(RESOURCES)


# --- life -------------------------------------------------------------------------------------------------------------


def test_nothing_runs_while_suspended_and_data_stays(shop: InstancePlan, declare: Declare) -> None:
    busy = tuple(
        dataclasses.replace(item, scale=Scale(min=1, max=3, concurrency=20)) if isinstance(item, ServicePlan) else item
        for item in shop.components
    )
    declared = declare(dataclasses.replace(shop, components=busy, lifecycle_state="suspended"))
    for kind in ("Deployment", "StatefulSet"):
        for name in declared.names(kind):
            assert declared.one(kind, name)["spec"]["replicas"] == 0
    assert declared.names("HorizontalPodAutoscaler") == declared.names("Job") == set()
    assert declared.one("CronJob", "nightly")["spec"]["suspend"] is True
    assert declared.names("PersistentVolumeClaim") == {"orders", "media"}
    for name in ("routes", "bucket.media"):
        assert declared.one("Ingress", name)["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_what_holds_data_is_protected_and_kept(shop: InstancePlan, declare: Declare) -> None:
    declared = declare(shop)
    data = {
        ("Namespace", "namespace"),
        ("PersistentVolumeClaim", "orders"),
        ("PersistentVolumeClaim", "media"),
        ("Credential", "orders"),
        ("Credential", "orders.admin"),
        ("Credential", "media"),
        ("Credential", "media.root"),
    }
    assert {(item.type.rpartition(":")[2], item.name) for item in declared.seen if item.protected} == data
    for kind, name in data:
        found = registered(declared, kind, name)
        assert found.retained
        if found.type.startswith("kubernetes:"):
            # Another stack may take it over, and must be able to change all of it from then on.
            assert found.inputs["metadata"]["annotations"]["pulumi.com/patchForce"] == "true"
    for kind in ("StatefulSet", "Deployment", "Service"):
        for name in declared.names(kind):
            assert registered(declared, kind, name).deleted_with == "", "the namespace may stay"


@pytest.mark.parametrize("engine", ["own", "operator"])
def test_a_retired_instance_declares_what_holds_data_and_nothing_else(
    shop: InstancePlan, declare: Declare, engine: str
) -> None:
    state: LifecycleState = "retired"
    account: dict[str, Json] = {"databases": {"orders": {"operator": "cloudnative-pg"}}} if engine == "operator" else {}
    retired = dataclasses.replace(said(shop, account), components=(MEDIA, ORDERS), routes=(), lifecycle_state=state)
    declared = declare(retired)
    found = {
        item.type.rpartition(":")[2] for item in declared.seen if item.type.startswith("kubernetes:") and not item.read
    }
    assert found == {"Namespace", "PersistentVolumeClaim"} | ({"Cluster"} if engine == "operator" else set())
    assert not [item.name for item in declared.seen if item.protected]
    assert declared.names("Credential") >= {"orders", "media", "media.root"}
    assert registered(declared, "PersistentVolumeClaim", "media").retained
    deleted = declare(dataclasses.replace(retired, lifecycle_data="delete"))
    assert not registered(deleted, "PersistentVolumeClaim", "media").retained


def test_a_retired_instance_without_data_declares_nothing(plan: InstancePlan, declare: Declare) -> None:
    declared = declare(dataclasses.replace(plan, components=(), routes=(), lifecycle_state="retired"))
    assert not [item for item in declared.seen if item.type.startswith("kubernetes:") and not item.read]


def test_credentials_of_a_retired_instance_are_adopted(shop: InstancePlan, declare: Declare) -> None:
    declared = declare(shop, adopted={"orders": "kept-password"})
    given = declared.one("Credential", "orders")["given"]
    assert given[SECRET_MARK]
    assert given["value"] == "kept-password"
    assert "given" not in declared.one("Credential", "media")


def test_credentials_belong_to_one_major_version(shop: InstancePlan, declare: Declare) -> None:
    assert declare(shop).one("Credential", "orders")["of"] == "postgresql 15"


def test_outputs_say_what_opens_a_database_and_not_what_opens_a_bucket(shop: InstancePlan, declare: Declare) -> None:
    declared = declare(shop)
    assert declared.outputs.databases.keys() == {"orders"}
    assert declared.outputs.buckets.keys() == {"media"}
    assert "secret_access_key" not in str(declared.outputs.buckets)
