"""What tenant files and templates may say to the Kubernetes runtime."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from tenantry.errors import CapabilityError
from tenantry.spec.capabilities import FEATURES, LIMITS
from tenantry.spec.plan import SecretSource
from tenantry_kubernetes import account as plain
from tenantry_kubernetes.data_sources import ExternalBucket, ExternalDatabase
from tenantry_kubernetes.images import KNOWN, image_of
from tenantry_kubernetes.models import Account, Extensions
from tenantry_kubernetes.runtime import PLUGIN_VERSION, KubernetesRuntime

WHOLE: dict[str, Any] = {
    "kubeconfig": {"ref": {"env": "ACME_KUBECONFIG"}},
    "context": "prod",
    "cluster": "11111111-2222-3333-4444-555555555555",
    "routing": {"kind": "ingress", "class": "nginx", "host_suffix": "apps.example.com"},
    "bundles": "https://bundles.example.com/v1",
    "images": {"python3.11": "mirror.example.com/python@sha256:" + "a" * 64},
    "cert_manager": {"issuer": "letsencrypt"},
}


def test_a_whole_account_survives_being_written_and_read_again() -> None:
    account = Account.model_validate(WHOLE)
    assert account.routing is not None
    assert account.routing.ingress_class == "nginx"
    for by_alias in (True, False):
        assert Account.model_validate(account.model_dump(mode="json", by_alias=by_alias)) == account


GATEWAY = {"namespace": "edge", "name": "public"}
NETWORKS = ["10.0.0.0/8", "FD00:0:0::/48"]


@pytest.mark.parametrize(
    "said",
    [
        {},
        WHOLE,
        dict.fromkeys(WHOLE) | {"images": {}},
        {"kubeconfig": {"ref": {"file": "~/.kube/config"}}, "bundles": "https://bundles.example.com/v1/"},
        {"routing": {"kind": "httproute", "gateway": GATEWAY | {"listener": "https"}, "class": None}},
        {"routing": {"kind": "httproute", "gateway": GATEWAY | {"listener": None}, "host_suffix": None}},
        {"routing": {"class": "x", "controllers": {"namespaces": ["a", "b"], "cidrs": NETWORKS}}},
        {"routing": {"ingress_class": "nginx", "gateway": None, "controllers": {}}},
        {"cert_manager": {"issuer": "own", "kind": "Issuer"}},
        {"storage": {"class": "fast", "sizes": {"orders": "20Gi"}}},
        {"storage": {"storage_class": "fast"}, "databases": {"orders": {"operator": "cloudnative-pg"}}},
    ],
)
def test_the_program_reads_the_account_that_the_model_checked(said: dict[str, Any]) -> None:
    checked = Account.model_validate(said).model_dump(mode="python")
    assert dataclasses.asdict(plain.Account.of(said)) == checked


DSN: dict[str, Any] = {"dsn": {"ref": {"env": "ACME_ORDERS"}}, "ca": {"ref": {"file": "certificates/orders.pem"}}}
S3: dict[str, Any] = {
    "endpoint": "https://s3.example.com/",
    "bucket": "acme-media",
    "access_key_id": {"ref": {"env": "ACME_MEDIA_KEY"}},
    "secret_access_key": {"ref": {"stack": "media_secret"}},
}


def test_the_program_reads_where_data_is_as_the_model_checked_it() -> None:
    said: dict[str, Any] = {"databases": {"orders": DSN, "ledger": {"dsn": DSN["dsn"]}}, "buckets": {"media": S3}}
    Account.model_validate(said)
    found = plain.Account.of(said)
    assert found.databases["orders"] == ExternalDatabase(
        dsn=SecretSource(kind="env", name="ACME_ORDERS"), ca=SecretSource(kind="file", name="certificates/orders.pem")
    )
    assert found.databases["ledger"] == ExternalDatabase(dsn=SecretSource(kind="env", name="ACME_ORDERS"))
    assert found.buckets["media"] == ExternalBucket(
        endpoint="https://s3.example.com",
        public_endpoint="https://s3.example.com",
        region="us-east-1",
        bucket="acme-media",
        addressing="path",
        access_key_id=SecretSource(kind="env", name="ACME_MEDIA_KEY"),
        secret_access_key=SecretSource(kind="stack", name="media_secret"),
    )


def test_fields_and_defaults_of_a_bucket_are_the_same_on_both_sides() -> None:
    checked = Account.model_validate({"buckets": {"media": S3}}).buckets["media"].model_dump(exclude_none=True)
    read = dataclasses.asdict(plain.Account.of({"buckets": {"media": S3}}).buckets["media"])
    for name in ("endpoint", "region", "bucket", "addressing"):
        assert read[name] == checked[name]


@pytest.mark.parametrize(
    "data",
    [
        {"databases": {"orders": {"operator": "zalando"}}},
        {"databases": {"orders": {"operator": "cloudnative-pg", **DSN}}},
        {"databases": {"orders": {"dsn": "postgresql://u:p@db/orders"}}},
        {"databases": {"orders": {"dsn": {"ref": {"env": "A", "file": "b"}}}}},
        {"databases": {"Orders": {"operator": "cloudnative-pg"}}},
        {"buckets": {"media": S3 | {"endpoint": "http://s3.example.com"}}},
        {"buckets": {"media": S3 | {"secret_access_key": "literal"}}},
        {"buckets": {"media": S3 | {"bucket": "Acme_Media"}}},
        {"storage": {"sizes": {"orders": "20 GB"}}},
        {"storage": {"sizes": {"orders": "0Gi"}}},
    ],
)
def test_wrong_words_about_data_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Account.model_validate(data)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"databases": {"orders": {"operator": "cloudnative-pg"}}, "volumes": {"media": "50Gi"}},
        {"egress": {}, "cert_manager": None, "components": {}},
        {"egress": {"internet": False, "cidrs": NETWORKS}, "cert_manager": {"issuer": "letsencrypt"}},
        {"components": {"api": {"run_as_user": 7, "startup_seconds": None}, "web": {"read_only_root": False}}},
    ],
)
def test_the_program_reads_the_extensions_that_the_model_checked(said: dict[str, Any]) -> None:
    checked = Extensions.model_validate(said).model_dump(mode="python")
    assert dataclasses.asdict(plain.Extensions.of(said)) == checked


def test_declaring_loads_no_models() -> None:
    code = (
        "import json, sys\n"
        "from tenantry_kubernetes.runtime import KubernetesRuntime\n"
        "from tenantry_kubernetes import connection, declare\n"
        "from tenantry_kubernetes.workloads import instance\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    assert "tenantry_kubernetes.workloads.instance" in loaded
    assert not {"pydantic", "yaml", "httpx", "cryptography"} & set(loaded)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"kubeconfig": {"ref": {}}}, "exactly one of env and file"),
        ({"kubeconfig": {"ref": {"env": "A", "file": "/b"}}}, "exactly one of env and file"),
        ({"kubeconfig": {"ref": {"file": "relative/path"}}}, "absolute path"),
        ({"kubeconfig": "apiVersion: v1"}, "kubeconfig"),
        ({"cluster": "not-a-uid"}, "cluster"),
        ({"bundles": "http://bundles.example.com"}, "https://"),
        ({"bundles": "https://user:secret@bundles.example.com"}, "without credentials"),
        ({"routing": {"kind": "ingress"}}, "needs class"),
        ({"routing": {"kind": "ingress", "class": "unheard-of"}}, "say in controllers"),
        ({"routing": {"kind": "httproute"}}, "needs gateway"),
        ({"routing": {"kind": "httproute", "class": "nginx"}}, "belongs to kind: ingress"),
        ({"routing": {"kind": "ingress", "class": "nginx", "gateway": {"namespace": "a", "name": "b"}}}, "httproute"),
        ({"routing": {"kind": "ingress", "class": "nginx", "host_suffix": "Not A Host"}}, "lower-case domain"),
        ({"routing": {"kind": "ingress", "class": "x", "controllers": {"cidrs": ["10.0.0.0/40"]}}}, "cidrs"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_wrong_accounts_say_what_is_expected(part: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Account.model_validate(part)


@pytest.mark.parametrize(
    "part",
    [
        {"egress": {"internet": "yes"}},
        {"egress": {"cidrs": ["internet"]}},
        {"components": {"api": {"run_as_user": 0}}},
        {"components": {"api": {"run_as_user": "1000"}}},
        {"components": {"api": {"privileged": True}}},
        {"cert_manager": {}},
    ],
)
def test_wrong_extensions_are_refused(part: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Extensions.model_validate(part)


def test_the_schema_of_the_models_can_be_composed() -> None:
    properties = Account.model_json_schema(by_alias=True)["$defs"]["Routing"]["properties"]
    assert "class" in properties


def test_capabilities_use_the_closed_words() -> None:
    capabilities = KubernetesRuntime().capabilities()
    assert set(capabilities.features) <= FEATURES
    assert set(capabilities.limits) <= LIMITS
    for known in ("database.postgresql", "database.mysql", "bucket", "bucket.public", "schedule", "suspend"):
        assert capabilities.features[known].support == "yes"
    assert "15" in capabilities.features["database.postgresql"].versions
    for nearly in ("service.scale_to_zero", "service.concurrency", "domains.tls.managed"):
        assert capabilities.features[nearly].support == "approximate"
        assert capabilities.features[nearly].note
    assert capabilities.source_runtimes == tuple(KNOWN)


def test_the_plugin_is_the_one_that_the_sdk_asks_for() -> None:
    from pulumi_kubernetes import _utilities

    (plugin,) = KubernetesRuntime().required_plugins()
    assert (plugin.name, plugin.version) == ("kubernetes", PLUGIN_VERSION)
    assert _utilities.get_version() == PLUGIN_VERSION


def test_the_default_host_lies_below_the_suffix() -> None:
    runtime = KubernetesRuntime()
    assert runtime.default_host("acme", WHOLE, {}) == "acme.apps.example.com"
    settings = {"TENANTRY_SANDBOX_HOST_SUFFIX": "sandbox.tenantry.localhost"}
    assert runtime.default_host("acme", WHOLE, settings) == "acme.sandbox.tenantry.localhost"
    with pytest.raises(CapabilityError, match="acme has no domains") as caught:
        runtime.default_host("acme", {"routing": {"kind": "ingress", "class": "nginx"}}, {})
    assert "host_suffix" in caught.value.hint


def test_an_unknown_source_runtime_names_the_known_ones() -> None:
    assert image_of("python3.11", {}) == KNOWN["python3.11"].image
    assert image_of("python3.11", {"python3.11": "own"}) == "own"
    with pytest.raises(CapabilityError, match="cobol") as caught:
        image_of("cobol", {})
    assert "python3.11" in caught.value.hint


def test_every_known_image_that_is_root_gets_a_user() -> None:
    for image in KNOWN.values():
        assert image.run_as > 0
        assert image.provenance.source
