"""Tenant files: every mistake at once, with its place and what was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tenantry.errors import Problem, SpecError

if TYPE_CHECKING:
    from tests.unit.spec.conftest import Workbench


def problems(bench: Workbench, **changes: object) -> list[Problem]:
    with pytest.raises(SpecError) as caught:
        bench.tenant(**changes)
    return list(caught.value.problems)


def test_a_whole_file(bench: Workbench) -> None:
    tenant = bench.tenant()
    assert tenant.runtime.on == "testing"
    assert tenant.lifecycle.data == "keep"
    assert tenant.state.backend == "default"
    assert tenant.source.file == "acme.yaml"
    assert tenant.source.at(("plan",))[0] > 1


def test_runtime_on_needs_no_quotes(bench: Workbench) -> None:
    text = (
        "spec: tenantry/v1\nkind: Tenant\ntenant: acme\ninstance: acme\ntemplate: shop@1.0.0\nruntime: {on: testing}\n"
    )
    assert bench.tenant_text(text).runtime.on == "testing"


def test_it_is_frozen(bench: Workbench) -> None:
    tenant = bench.tenant()
    with pytest.raises(ValueError, match="frozen"):
        tenant.plan = "free"


def test_all_mistakes_with_their_places(bench: Workbench) -> None:
    text = """\
spec: tenantry/v1
kind: Tenant
tenant: acme
instance: acme
tempalte: shop@1.2.0
runtime: {on: testing, acount: {}}
domains:
  - {host: shop.acme.example, tls: manged}
  - {host: Shop, tls: provided}
plan: 3
labels: {Ring: x}
"""
    with pytest.raises(SpecError) as caught:
        bench.tenant_text(text)
    assert [str(problem) for problem in caught.value.problems] == [
        "acme.yaml:1:1: `template` is missing",
        "acme.yaml:5:1: tempalte: there is no field `tempalte` here (did you mean template?)",
        "acme.yaml:6:24: runtime.acount: there is no field `acount` here (did you mean account?)",
        "acme.yaml:8:36: domains[0].tls: expected managed or provided or none, found `manged` (did you mean managed?)",
        (
            "acme.yaml:9:12: domains[1].host: expected a host name in small letters with at least one dot, "
            "such as shop.example.com"
        ),
        "acme.yaml:10:7: plan: expected text, found the number 3 (write it in quotes)",
        "acme.yaml:11:10: labels.Ring: expected a label name: small letters, digits, dots, hyphens and underscores",
    ]
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"spec": "tenantry/v2"}, "spec", "expected tenantry/v1"),
        ({"kind": "AppTemplate"}, "kind", "expected Tenant"),
        ({"tenant": "a"}, "tenant", "at least 3 characters"),
        ({"tenant": "a" * 41}, "tenant", "at most 40 characters"),
        ({"tenant": "a--b"}, "tenant", "an id"),
        ({"tenant": "-ab"}, "tenant", "an id"),
        ({"tenant": "1ab"}, "tenant", "an id"),
        ({"template": "shop"}, "template", "shop@1.2.0"),
        ({"template": "shop@V1"}, "template", "shop@1.2.0"),
        ({"template": "shop@01.2.0"}, "template", "shop@1.2.0"),
        ({"template": "shop@1.2"}, "template", "shop@1.2.0"),
        ({"runtime": "testing"}, "runtime", "expected a mapping, found text"),
        ({"runtime": {"on": True}}, "runtime.on", "expected text, found true"),
        ({"stores": {"wechat": "x"}}, "stores.wechat", "expected a mapping, found text"),
        ({"ownership": "mine"}, "ownership", "expected tenant or provider"),
        ({"domains": {}}, "domains", "expected a list, found a mapping"),
        ({"domains": [{"host": "a.example"}, {"host": "a.example"}]}, "domains[1].host", "is also domain 1"),
        ({"domains": [{"host": "a.example", "tls": "provided"}]}, "domains[0]", "belong together"),
        (
            {"domains": [{"host": "a.example", "certificate": {"ref": {"file": "x"}}}]},
            "domains[0]",
            "belong together",
        ),
        (
            {"domains": [{"host": "a.example", "tls": "provided", "certificate": {"ref": {}}}]},
            "domains[0].certificate.ref",
            "exactly one of env, file, stack, broker, found none",
        ),
        (
            {"domains": [{"host": "a.example", "tls": "provided", "certificate": {"ref": {"env": "A", "file": "b"}}}]},
            "domains[0].certificate.ref",
            "found env, file",
        ),
        ({"overrides": {"url": {}}}, "overrides.url", "reserved"),
        (
            {"overrides": {"api": {"scale": {"max": "5"}}}},
            "overrides.api.scale.max",
            "expected a whole number, found text",
        ),
        ({"overrides": {"api": {"resources": {"cpu": "1.5"}}}}, "overrides.api.resources.cpu", "an amount of CPU"),
        ({"overrides": {"api": {"resources": {"memory": "512m"}}}}, "overrides.api.resources.memory", "512Mi or 1Gi"),
        ({"overrides": {"api": {"size": "huge"}}}, "overrides.api.size", "expected small or medium or large"),
        ({"lifecycle": {"data": "kepe"}}, "lifecycle.data", "keep or delete"),
        ({"overlay": {"path": "../x", "base": "full@1.0.0"}}, "overlay.path", "folder of the project"),
        ({"overlay": {"path": "/x", "base": "full@1.0.0"}}, "overlay.path", "folder of the project"),
        ({"overlay": {"path": "./x", "base": "shop@stable"}}, "overlay.base", "a template and a version"),
        ({"labels": {"ring": "a b"}}, "labels.ring", "a label value"),
        ({"parameters": {"ShopName": 1}}, "parameters.ShopName", "a parameter name"),
        ({"unknown": 1}, "unknown", "there is no field `unknown` here"),
    ],
)
def test_one_mistake(bench: Workbench, changes: dict[str, Any], path: str, message: str) -> None:
    found = problems(bench, **changes)
    assert [problem.path for problem in found] == [path], [str(problem) for problem in found]
    assert message in str(found[0])
    assert found[0].line > 0


def test_file_and_instance_must_agree(bench: Workbench) -> None:
    text = (
        "spec: tenantry/v1\nkind: Tenant\ntenant: acme\ninstance: acme\ntemplate: shop@1.0.0\nruntime: {on: testing}\n"
    )
    with pytest.raises(SpecError, match=r"the file is called other, the instance acme .*rename the file to acme.yaml"):
        bench.tenant_text(text, stem="other")


KEYS = [
    "AKIAIOSFODNN7EXAMPLE",
    "LTAI5tQnKxAbCdEfGhIjKlMn",
    "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
    "-----BEGIN PRIVATE KEY-----",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("place", ["labels", "parameters", "account", "stores"])
def test_keys_are_refused_wherever_they_stand(bench: Workbench, key: str, place: str) -> None:
    places: dict[str, dict[str, Any]] = {
        "labels": {"labels": {"ring": key}},
        "parameters": {"parameters": {"shop_name": key}},
        "account": {"runtime": {"on": "testing", "account": {"deep": [{"er": key}]}}},
        "stores": {"stores": {"wechat": {"appid": key}}},
    }
    found = problems(bench, **places[place])
    assert any("looks like a secret value" in problem.message for problem in found)
    assert key[:12] not in "\n".join(str(problem) for problem in found)


@pytest.mark.parametrize("name", ["secret_key", "api-token", "password", "clientSecret", "KEY"])
def test_random_text_in_a_secret_place_is_refused(bench: Workbench, name: str) -> None:
    account = {name: "q9Zr3vXk8LmT2wYb7NcP5sHd"}
    found = problems(bench, runtime={"on": "testing", "account": account})
    assert "looks like a secret value" in found[0].message
    assert "{ref: {env: NAME}}" in found[0].hint


@pytest.mark.parametrize(
    "account",
    [
        {"credentials": {"ref": {"env": "ACME_TENCENT_CREDENTIALS"}}},
        {"key_file": "/etc/keys/acme-production-2026.pem"},
        {"public_key": "q9Zr3vXk8LmT2wYb7NcP5sHd"},
        {"token": "none"},
        {"monkey": "q9Zr3vXk8LmT2wYb7NcP5sHd"},
    ],
)
def test_what_is_no_secret(bench: Workbench, account: dict[str, Any]) -> None:
    bench.tenant(runtime={"on": "testing", "account": account})


def test_an_unknown_field_that_is_a_key_is_not_shown(bench: Workbench) -> None:
    found = problems(bench, **{KEYS[0]: 1})
    assert KEYS[0] not in "\n".join(problem.message + problem.hint for problem in found)
