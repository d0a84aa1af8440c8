"""Certificates that we order ourselves: where they are asked for, what is declared, what must be allowed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from tenantry.spec.plan import DomainPlan, Json, RuntimePlan
from tenantry_kubernetes.account import Account as AccountValues
from tenantry_kubernetes.cluster import Cluster
from tenantry_kubernetes.models import Account
from tenantry_kubernetes.permissions import permissions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.kubernetes.conftest import Declared

    from tenantry.spec.plan import InstancePlan

    Declare = Callable[..., Declared]

SERVER: dict[str, Json] = {"directory": "https://acme.example/dir", "contact": "ops@acme.example"}
HOST = "shop.acme.example"


def asking(plan: InstancePlan, account: dict[str, Json]) -> InstancePlan:
    """The plan with one managed domain, on a cluster with this account."""
    routing: dict[str, Json] = {
        "kubeconfig": {"ref": {"env": "ACME_KUBECONFIG"}},
        "routing": {"kind": "ingress", "class": "nginx"},
    }
    runtime = RuntimePlan(on="kubernetes", region=None, account={**routing, **account}, extensions={})
    domain = DomainPlan(host=HOST, tls="managed", dns="manual", certificate=None, icp=None)
    return dataclasses.replace(plan, runtime=runtime, domains=(domain,), host=HOST, url=f"https://{HOST}")


def test_a_certificate_is_ordered_and_served(plan: InstancePlan, declare: Declare) -> None:
    made = declare(asking(plan, {"acme": SERVER}))
    ordered = made.one("ManagedCertificate", f"tls.{HOST}")
    assert (ordered["hosts"], ordered["acme"]) == ([HOST], SERVER)
    assert ordered["instance"]["runtime"] == "kubernetes"
    ingress = made.one("Ingress", "routes")
    (tls,) = ingress["spec"]["tls"]
    secret = made.one("Secret", f"tls.{HOST}")
    assert tls == {"hosts": [HOST], "secretName": secret["metadata"]["name"]}
    assert secret["type"] == "kubernetes.io/tls"
    policy = made.one("NetworkPolicy", "instance.certificate-challenge")
    assert policy["spec"]["podSelector"] == {
        "matchExpressions": [{"key": "tenantry.dev/challenge", "operator": "Exists"}]
    }


@pytest.mark.parametrize(
    "account",
    [{"acme": SERVER, "cert_manager": {"issuer": "letsencrypt"}}, {"cert_manager": {"issuer": "letsencrypt"}}],
)
def test_cert_manager_goes_first(plan: InstancePlan, declare: Declare, account: dict[str, Json]) -> None:
    assert declare(asking(plan, account)).names("ManagedCertificate") == set()


def test_a_sandbox_asks_nobody_outside(plan: InstancePlan) -> None:
    sandbox = dataclasses.replace(asking(plan, {"acme": SERVER}), mode="sandbox")
    assert Cluster.of(sandbox, {}).acme is None
    local: dict[str, Json] = {"directory": "https://localhost:14000/dir"}
    assert Cluster.of(dataclasses.replace(asking(plan, {"acme": local}), mode="sandbox"), {}).acme == local


def test_what_answers_for_a_host_must_be_allowed(plan: InstancePlan) -> None:
    def pods(account: dict[str, Json]) -> set[str]:
        found = permissions(asking(plan, account))
        return {each.action for each in found if (each.component, each.resource) == ("*", "pods")}

    assert {"create", "delete"} <= pods({"acme": SERVER})
    dns: dict[str, Json] = {
        "server": "ns.acme.example",
        "zone": "acme.example",
        "key_name": "tenantry",
        "key": {"ref": {"env": "ZONE_KEY"}},
    }
    assert "create" not in pods({"acme": {**SERVER, "dns": dns}}), "a name server is asked, no pod answers"
    Account.model_validate({"acme": {**SERVER, "dns": dns}})
    assert AccountValues.of({"acme": {**SERVER, "dns": dns}}).acme == {**SERVER, "dns": dns}


@pytest.mark.parametrize(
    "wrong",
    [
        {"directory": "http://acme.example/dir"},
        {"directory": "https://me:secret@acme.example/dir"},
        {"directory": "https://acme.example/dir?token=1"},
        {"directory": "https://acme.example/dir", "contact": "nobody"},
        {"directory": "https://acme.example/dir", "dns": {"server": "ns", "zone": "acme.example", "key_name": "k"}},
        {"directroy": "https://acme.example/dir"},
    ],
)
def test_a_wrong_server_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Account.model_validate({"acme": wrong})
