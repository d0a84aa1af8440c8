"""Template times tenant: values, plans, abilities, bindings; every problem with its place."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.spec.conftest import EVERYTHING, PROVENANCE, feature

from tenantry.errors import CapabilityError, SpecError
from tenantry.spec.capabilities import Limit
from tenantry.spec.plan import (
    ComponentField,
    DatabasePlan,
    InstancePlan,
    InstanceUrl,
    MiniProgramPlan,
    OverlayPlan,
    SecretPart,
    SecretSource,
    ServicePlan,
    SourceRef,
    TemplateRef,
    Text,
    Value,
)
from tenantry.spec.plan_json import plan_from_json
from tenantry.spec.resolution import resolve

if TYPE_CHECKING:
    from tests.unit.spec.conftest import Workbench

GOLDEN = Path(__file__).parent / "golden" / "full.json"


def service(plan: InstancePlan, name: str = "api") -> ServicePlan:
    found = plan.component(name)
    assert isinstance(found, ServicePlan)
    return found


def env(plan: InstancePlan, name: str = "api") -> dict[str, Value]:
    return {variable.name: variable.value for variable in service(plan, name).env}


def notes(plan: InstancePlan) -> dict[str, str]:
    return {left.what: left.reason for left in plan.left_out}


def unable(bench: Workbench, **arguments: Any) -> CapabilityError:  # noqa: ANN401 - passed on as they are
    with pytest.raises(CapabilityError) as caught:
        bench.resolve(**arguments)
    return caught.value


# --- the plan as a whole ------------------------------------------------------------------------------------------


def test_golden_plan_and_fingerprint(bench: Workbench) -> None:
    """A change here makes every instance look changed: it must be wanted, and be said in the changelog."""
    version = bench.version()
    fixed = {key: SourceRef(digest=f"sha256:{key}", files=1, size=10) for key in version.sources}
    ref = TemplateRef(name="full", version="2.1.0", digest="sha256:full")
    plan = resolve(version.template, ref, fixed, bench.tenant(), EVERYTHING)
    assert json.loads(plan.canonical_json()) == json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert plan.fingerprint == "sha256:" + hashlib.sha256(plan.canonical_json().encode()).hexdigest()
    assert plan.fingerprint == "sha256:b85ea2c9ec808ce51490de7cb80b8a563478353e914d6f5d2ba90aea8f215919"


def test_the_order_of_a_file_does_not_matter(bench: Workbench) -> None:
    def reverse(data: object) -> object:
        if isinstance(data, dict):
            return {key: reverse(data[key]) for key in reversed(data)}
        return data

    def change(data: dict[str, Any]) -> None:
        turned = {key: reverse(data[key]) for key in reversed(data)}
        data.clear()
        data.update(turned)

    turned = bench.template(change)
    assert bench.resolve(template=turned).fingerprint == bench.resolve().fingerprint


def test_a_plan_comes_back_from_its_json(bench: Workbench) -> None:
    plan = bench.resolve()
    assert plan_from_json(plan.canonical_json()) == plan


def test_what_is_no_plan(bench: Workbench) -> None:
    text = bench.resolve().canonical_json()
    for wrong in ("", "{}", "[]", "null", "[" * 10_000, text + " ", text.replace('"kind":"text"', '"kind":"x"', 1)):
        with pytest.raises(ValueError, match=r"plan|JSON|Expecting|^x$"):
            plan_from_json(wrong)


def test_nothing_is_read_or_sent(bench: Workbench) -> None:
    version, tenant = bench.version(), bench.tenant()
    bench.resolve(tenant)
    events: list[str] = []

    def audit(event: str, _arguments: tuple[object, ...]) -> None:
        if active and event.partition(".")[0] in {"open", "socket", "subprocess", "os", "shutil"}:
            events.append(event)

    active = False
    sys.addaudithook(audit)
    active = True
    resolve(version.template, version.ref, version.source_refs, tenant, EVERYTHING)
    active = False
    assert events == []


def test_it_is_fast(bench: Workbench) -> None:
    """The budget is 0.5 ms of CPU; ten times that says that something grew out of hand on any machine."""
    version, tenant = bench.version(), bench.tenant()
    samples = []
    for _ in range(30):
        started = time.thread_time()
        resolve(version.template, version.ref, version.source_refs, tenant, EVERYTHING)
        samples.append(time.thread_time() - started)
    assert min(samples) < 0.005


# --- values -------------------------------------------------------------------------------------------------------


def test_values_of_parameters(bench: Workbench) -> None:
    found = env(bench.resolve())
    assert found["SHOP_NAME"].constant == "Acme"
    assert found["LIMITS"].constant == '20 0.5 false ["new"]'
    assert found["LITERAL"].constant == "${HOME}"
    assert found["PAY_KEY"].parts == (SecretPart(source=SecretSource(kind="stack", name="pay_key")),)
    assert found["PAY_KEY"].is_secret


def test_a_parameter_without_a_value_leaves_its_variable_out(bench: Workbench) -> None:
    plan = bench.resolve()
    assert "NOTE" not in env(plan)
    assert notes(plan)["api.env.NOTE"] == "the parameter note has no value"
    assert env(bench.resolve(parameters={"shop_name": "x", "note": ""}))["NOTE"].constant == ""


def test_urls_of_a_known_host_are_constants(bench: Workbench) -> None:
    plan = bench.resolve()
    assert plan.url == "https://shop.acme.example"
    assert env(plan)["CALLBACK"].constant == "https://shop.acme.example/api/callback"
    assert env(plan)["WEB"].constant == "https://shop.acme.example"
    assert env(plan, "worker")["API"].constant == "https://shop.acme.example/api"
    assert env(plan)["TENANTRY_URL"].constant == plan.url
    assert env(plan)["TENANTRY_TEMPLATE"].constant == "full@2.1.0"
    assert env(plan)["TENANTRY_INSTANCE"].constant == "acme"
    assert "PORT" not in env(plan)


def test_tls_of_the_first_domain_makes_the_url(bench: Workbench) -> None:
    domains = [{"host": "a.example", "tls": "none"}, {"host": "b.example"}]
    plan = bench.resolve(domains=domains)
    assert (plan.host, plan.url) == ("a.example", "http://a.example")
    assert [domain.host for domain in plan.domains] == ["a.example", "b.example"]


def test_default_host(bench: Workbench) -> None:
    plan = bench.resolve(domains=[])
    assert (plan.host, plan.url) == ("acme.apps.example", "https://acme.apps.example")


def test_a_known_host_with_a_url_that_comes_later(bench: Workbench) -> None:
    plan = bench.resolve(target=replace(EVERYTHING, url=lambda _host, _tls: None))
    assert plan.url is None
    assert env(plan)["TENANTRY_URL"].parts == (InstanceUrl(),)
    assert env(plan)["CALLBACK"].parts == (InstanceUrl(), Text(text="/api/callback"))
    assert env(plan, "worker")["API"].parts == (InstanceUrl(), Text(text="/api"))


def test_an_unknown_host_makes_dependencies(bench: Workbench) -> None:
    target = replace(EVERYTHING, default_host=lambda _instance, _account: None)
    plan = bench.resolve(target=target, domains=[])
    assert plan.host is None
    assert env(plan, "worker")["API"].parts == (ComponentField(component="api", field="url"),)


def cyclic(data: dict[str, Any]) -> None:
    data["components"]["api"]["env"]["WORKER"] = "${worker.url}"
    data["routes"]["/worker"] = "worker"


def test_a_real_cycle_is_an_error(bench: Workbench) -> None:
    target = replace(EVERYTHING, default_host=lambda _instance, _account: None)
    template = bench.template(cyclic)
    with pytest.raises(SpecError, match="api needs the URL of worker needs the URL of api") as caught:
        bench.resolve(target=target, template=template, domains=[])
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].path == "components.worker.env.API"
    assert caught.value.problems[0].line > 1
    assert "domain" in caught.value.problems[0].hint


def test_no_cycle_where_urls_are_known(bench: Workbench) -> None:
    template = bench.template(cyclic)
    assert bench.resolve(template=template).url
    assert bench.resolve(template=template, target=replace(EVERYTHING, url=lambda _host, _tls: None)).url is None


def test_own_unknown_url_is_a_cycle(bench: Workbench) -> None:
    template = bench.template(lambda data: data["components"]["api"]["env"].update(ME="${api.url}"))
    target = replace(EVERYTHING, default_host=lambda _instance, _account: None)
    with pytest.raises(SpecError, match="api needs the URL of api"):
        bench.resolve(target=target, template=template, domains=[])


def test_bindings(bench: Workbench) -> None:
    found = env(bench.resolve())
    fields = {
        name: value.parts[0].field
        for name, value in found.items()
        if isinstance(value.parts[0], ComponentField) and len(value.parts) == 1
    }
    assert fields == {
        "ORDERS_URL": "url",
        "ORDERS_HOST": "host",
        "ORDERS_PORT": "port",
        "ORDERS_NAME": "name",
        "ORDERS_USER": "user",
        "ORDERS_PASSWORD": "password",
        "ORDERS_CA_FILE": "ca_file",
        "MEDIA_ENDPOINT": "endpoint",
        "MEDIA_PUBLIC_ENDPOINT": "public_endpoint",
        "MEDIA_REGION": "region",
        "MEDIA_BUCKET": "bucket",
        "MEDIA_ACCESS_KEY_ID": "access_key_id",
        "MEDIA_SECRET_ACCESS_KEY": "secret_access_key",
        "MEDIA_ADDRESSING": "addressing",
    }
    secret = {name for name, value in found.items() if value.is_secret}
    assert secret == {"ORDERS_URL", "ORDERS_PASSWORD", "MEDIA_SECRET_ACCESS_KEY", "PAY_KEY", "DSN"}


# --- parameters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "path", "message"),
    [
        ({}, "parameters", "the parameter `shop_name` is required"),
        ({"shop_name": "x", "shopname": "y"}, "parameters.shopname", "did you mean shop_name?"),
        ({"shop_name": 5}, "parameters.shop_name", "expected text"),
        ({"shop_name": ""}, "parameters.shop_name", "at least 1 characters"),
        ({"shop_name": "x" * 41}, "parameters.shop_name", "at most 40 characters"),
        ({"shop_name": "<b>"}, "parameters.shop_name", "matches ^[^<>]*$"),
        ({"shop_name": {"ref": {"env": "X"}}}, "parameters.shop_name", "is not secret"),
        ({"shop_name": "x", "theme": "green"}, "parameters.theme", "one of: light, dark"),
        ({"shop_name": "x", "page_size": 0}, "parameters.page_size", "at least 1"),
        ({"shop_name": "x", "page_size": 101}, "parameters.page_size", "at most 100"),
        ({"shop_name": "x", "page_size": 1.5}, "parameters.page_size", "a whole number"),
        ({"shop_name": "x", "page_size": True}, "parameters.page_size", "a whole number"),
        ({"shop_name": "x", "beta": "true"}, "parameters.beta", "true or false"),
        ({"shop_name": "x", "tags": []}, "parameters.tags", "at least 1 items"),
        ({"shop_name": "x", "tags": ["a", 2]}, "parameters.tags[1]", "expected text"),
        ({"shop_name": "x", "tags": "a"}, "parameters.tags", "expected a list"),
        ({"shop_name": "x", "pay_key": "plain"}, "parameters.pay_key", "must not stand here"),
        ({"shop_name": "x", "pay_key": {"ref": {"vault": "x"}}}, "parameters.pay_key.ref.vault", "no field `vault`"),
        ({"shop_name": "x", "pay_key": {"ref": {}}}, "parameters.pay_key.ref", "exactly one"),
        ({"shop_name": "x", "pay_key": {"reff": {}}}, "parameters.pay_key.reff", "did you mean ref?"),
    ],
)
def test_one_mistake_in_parameters(bench: Workbench, parameters: dict[str, Any], path: str, message: str) -> None:
    found = bench.resolve_problems(parameters=parameters)
    fitting = [problem for problem in found if problem.path == path and message in str(problem)]
    assert fitting, [str(problem) for problem in found]
    assert fitting[0].file == "acme.yaml"
    assert fitting[0].line > 0
    assert "plain" not in str(fitting[0])


# --- plans --------------------------------------------------------------------------------------------------------


def test_plan_defaults_fill_what_is_open(bench: Workbench) -> None:
    plan = bench.resolve(overrides=...)
    assert service(plan).scale.max == 3
    assert service(plan).resources.memory_bytes == 1024**3
    orders = plan.component("orders")
    assert isinstance(orders, DatabasePlan)
    assert orders.size == "medium"
    free = bench.resolve(overrides=..., plan="free")
    assert service(free).scale.max == 1
    assert service(free).resources.memory_bytes == 512 * 1024**2


def test_overrides_win_within_limits(bench: Workbench) -> None:
    plan = bench.resolve(
        overrides={"api": {"scale": {"max": 10}, "resources": {"cpu": "1500m"}}, "orders": {"size": "large"}}
    )
    assert service(plan).scale.max == 10
    assert service(plan).resources.cpu_millis == 1500


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"plan": ...}, "", "`plan` is missing"),
        ({"plan": "por"}, "plan", "did you mean pro?"),
        ({"overrides": {"api": {"scale": {"max": 11}}}}, "overrides.api.scale.max", "11 is above the limit 10"),
        ({"plan": "free"}, "overrides.api.scale.max", "5 is above the limit 1 of the plan free"),
        (
            {"overrides": {"api": {"resources": {"memory": "3Gi"}}}},
            "overrides.api.resources.memory",
            "above the limit 2Gi",
        ),
        (
            {"plan": "free", "overrides": {"orders": {"size": "medium"}}},
            "overrides.orders.size",
            "above the limit small",
        ),
        ({"overrides": {"apo": {"scale": {"max": 1}}}}, "overrides.apo", "did you mean api?"),
        ({"overrides": {"web": {"size": "small"}}}, "overrides.web.size", "a site has no setting size"),
        ({"overrides": {"orders": {"scale": {"max": 1}}}}, "overrides.orders.scale.max", "has no setting scale.max"),
        (
            {"overrides": {"api": {"scale": {"min": 4}}}},
            "overrides.api.scale",
            "scale.min 4 would be above scale.max 3",
        ),
    ],
)
def test_one_mistake_with_plans(bench: Workbench, changes: dict[str, Any], path: str, message: str) -> None:
    found = bench.resolve_problems(**changes)
    assert [problem for problem in found if problem.path == path and message in str(problem)], [str(p) for p in found]
    assert all(problem.file == "acme.yaml" and problem.line > 0 for problem in found)


def test_a_template_without_plans(bench: Workbench) -> None:
    template = bench.template(lambda data: data.pop("plans"))
    assert bench.resolve(template=template, plan=...).plan is None
    with pytest.raises(SpecError, match="the template has no plans"):
        bench.resolve(template=template)


# --- what belongs together ----------------------------------------------------------------------------------------


def test_versions_must_agree(bench: Workbench) -> None:
    version = bench.version()
    other = TemplateRef(name="full", version="2.2.0", digest="sha256:x")
    with pytest.raises(SpecError, match=r"template says 2\.1\.0, it was opened as full@2\.2\.0"):
        resolve(version.template, other, version.source_refs, bench.tenant(), EVERYTHING)
    with pytest.raises(SpecError, match=r"the tenant asks for full@2\.0\.0, not for full@2\.1\.0"):
        resolve(version.template, version.ref, version.source_refs, bench.tenant(template="full@2.0.0"), EVERYTHING)
    resolve(version.template, version.ref, version.source_refs, bench.tenant(template="full@stable"), EVERYTHING)


def test_another_runtime(bench: Workbench) -> None:
    found = bench.resolve_problems(runtime={"on": "other"})
    assert found[0].path == "runtime.on"


@pytest.mark.parametrize(
    ("account", "path", "message"),
    [
        ({"modle": "own"}, "runtime.account.modle", "did you mean model?"),
        ({"model": "leased"}, "runtime.account.model", "expected own or shared"),
        ({"zones": "a"}, "runtime.account.zones", "expected a list, found text"),
        ({"zones": ["a", 1]}, "runtime.account.zones[1]", "expected text"),
        ({"credentials": {"ref": {"env": "lower"}}}, "runtime.account.credentials.ref.env", "in capitals"),
    ],
)
def test_the_account_follows_the_runtimes_model(
    bench: Workbench, account: dict[str, Any], path: str, message: str
) -> None:
    found = bench.resolve_problems(runtime={"on": "testing", "account": account})
    assert [(problem.path, message in str(problem)) for problem in found] == [(path, True)]
    assert found[0].line > 1


def test_extensions_follow_the_runtimes_model(bench: Workbench) -> None:
    assert bench.resolve().runtime.extensions == {"zone": "blue"}
    template = bench.template(lambda data: data["extensions"]["testing"].update(zoen="red"))
    with pytest.raises(SpecError, match="did you mean zone") as caught:
        bench.resolve(template=template)
    assert caught.value.problems[0].file == "template/template.yaml"
    foreign = bench.template(lambda data: data.update(extensions={"elsewhere": {"x": 1}}))
    assert bench.resolve(template=foreign).runtime.extensions == {}


def test_an_overlay_is_part_of_the_plan_and_never_passed_over(bench: Workbench) -> None:
    overlay = {"path": "./overlays/acme", "base": "full@2.0.0"}
    assert [problem.path for problem in bench.resolve_problems(overlay=overlay)] == ["overlay"]
    laid = OverlayPlan(digest="sha256:" + "d" * 64, base="full@2.0.0")
    plan = bench.resolve(bench.tenant(overlay=overlay), replace(EVERYTHING, overlay=laid))
    assert plan.overlay == laid
    assert plan.fingerprint != bench.resolve().fingerprint
    other = replace(laid, base="full@1.9.0")
    with pytest.raises(SpecError, match="without the overlay"):
        bench.resolve(bench.tenant(overlay=overlay), replace(EVERYTHING, overlay=other))


# --- abilities ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "path"),
    [
        ("service", "components.api"),
        ("service__source", "components.api.source"),
        ("service__image", "components.worker.image"),
        ("service__scale", "components.api.scale.max"),
        ("service__migrate", "components.api.migrate"),
        ("site", "components.web"),
        ("database__postgresql", "components.orders.engine"),
        ("bucket", "components.media"),
        ("bucket__public", "components.media.public"),
        ("schedule", "components.nightly"),
        ("domains", "domains"),
        ("domains__tls__managed", "domains[0].tls"),
    ],
)
@pytest.mark.parametrize("form", ["absent", "no"])
def test_a_missing_ability_is_an_error(bench: Workbench, missing: str, path: str, form: str) -> None:
    target = bench.able(**{missing: None if form == "absent" else feature("no", "never")})
    error = unable(bench, target=target)
    assert path in {problem.path for problem in error.problems}
    assert all(problem.line > 0 for problem in error.problems)
    assert missing.replace("__", ".") in error.message
    assert ("never" in error.message) == (form == "no")
    assert error.exit_code == 4


def test_all_missing_abilities_at_once(bench: Workbench) -> None:
    error = unable(bench, target=bench.able(bucket=None, schedule=None, site=None))
    assert [problem.path for problem in error.problems] == ["components.web", "components.media", "components.nightly"]
    assert error.to_json()["problems"]


def test_mistakes_and_missing_abilities_together(bench: Workbench) -> None:
    with pytest.raises(SpecError) as caught:
        bench.resolve(target=bench.able(schedule=None), parameters={})
    assert {problem.path for problem in caught.value.problems} == {"parameters", "components.nightly"}


def test_ownership(bench: Workbench) -> None:
    error = unable(bench, target=bench.able(ownership__provider=None), ownership="provider")
    assert error.problems[0].path == "ownership"


def test_a_version_that_the_runtime_does_not_have_is_refused_or_said(bench: Workbench) -> None:
    def said(**versions: Any) -> dict[str, str]:  # noqa: ANN401 - passed on as they are
        database = replace(feature("yes"), **versions)
        return notes(bench.resolve(target=bench.able(database__postgresql=database)))

    error = unable(bench, target=bench.able(database__postgresql=replace(feature("yes"), versions=("16", "17"))))
    assert [(problem.path, problem.message) for problem in error.problems] == [
        ("components.orders.version", "the runtime testing cannot do postgresql 15, only 16, 17")
    ]
    assert said(exact=("16",), inexact="It is 16.")["orders.version"] == "It is 16."
    assert "orders.version" not in said(versions=("15",), exact=("15", "16"), inexact="no")


def test_a_language_runtime_that_is_not_there(bench: Workbench) -> None:
    target = replace(EVERYTHING, capabilities=replace(EVERYTHING.capabilities, source_runtimes=("python3.12",)))
    assert "cannot run python3.11, only python3.12" in unable(bench, target=target).message


@pytest.mark.parametrize(
    ("limit", "edge", "changes", "path"),
    [
        ("service.cpu_millis", {"maximum": 200}, {}, "components.api.resources.cpu"),
        ("service.memory_bytes", {"minimum": 2**31}, {}, "components.api.resources.memory"),
        ("service.scale.max", {"maximum": 4}, {}, "components.api.scale.max"),
        ("service.concurrency", {"maximum": 10}, {}, "components.api.scale.concurrency"),
        ("source.size_bytes", {"maximum": 1}, {}, "components.api.source"),
        ("migrate.timeout_seconds", {"maximum": 60}, {}, "components.api.migrate.timeout"),
        ("domains.count", {"maximum": 0}, {}, "domains"),
        ("routes.count", {"maximum": 1}, {}, "routes"),
    ],
)
def test_limits(bench: Workbench, limit: str, edge: dict[str, float], changes: dict[str, Any], path: str) -> None:
    limits = {limit: Limit(provenance=PROVENANCE, **edge)}
    target = replace(EVERYTHING, capabilities=replace(EVERYTHING.capabilities, limits=limits))
    error = unable(bench, target=target, **changes)
    assert path in {problem.path for problem in error.problems}, error.message
    assert limit in error.message


def test_an_optional_component_is_left_out_and_said(bench: Workbench) -> None:
    template = bench.template(lambda data: data["components"]["media"].update(optional=True))
    plan = bench.resolve(template=template, target=bench.able(bucket=None))
    assert "media" not in {component.id for component in plan.components}
    assert "cannot do bucket" in notes(plan)["media"]
    assert "its variables are missing" in notes(plan)["api.bind.media"]
    assert service(plan).bind == ("orders",)
    assert not [name for name in env(plan) if name.startswith("MEDIA_")]


def test_what_names_an_optional_component_that_is_left_out(bench: Workbench) -> None:
    template = bench.template(lambda data: data["components"]["orders"].update(optional=True))
    error = unable(bench, template=template, target=bench.able(database__postgresql=None))
    assert error.problems[0].path == "components.api.env.DSN"


def test_schedules_and_routes_of_what_is_left_out(bench: Workbench) -> None:
    def change(data: dict[str, Any]) -> None:
        data["components"]["api"]["optional"] = True
        del data["components"]["worker"]["env"]

    target = bench.able(service__source=None)
    error = unable(bench, template=bench.template(change), target=target)
    assert [problem.path for problem in error.problems] == ["components.nightly.target"]

    def optional(data: dict[str, Any]) -> None:
        change(data)
        data["components"]["nightly"]["optional"] = True

    plan = bench.resolve(template=bench.template(optional), target=target)
    assert {component.id for component in plan.components} == {"worker", "web", "orders", "media", "mini"}
    assert notes(plan)["nightly"] == "its target api is left out"
    assert notes(plan)["routes./api"] == "api is left out"
    assert [route.prefix for route in plan.routes] == ["/"]
    assert plan.meters == ()


def test_approximate_abilities_are_said_only_where_they_are_asked_for(bench: Workbench) -> None:
    near = bench.able(
        **{
            name: feature("approximate", name)
            for name in ("bucket__public", "service__scale_to_zero", "service__concurrency", "ownership__provider")
        }
    )
    found = notes(bench.resolve(target=near))
    assert found["media.public"] == "bucket__public"
    assert found["api.scale.min"] == "service__scale_to_zero"
    assert found["api.scale.concurrency"] == "service__concurrency"
    assert "worker.scale.min" not in found
    assert "worker.scale.concurrency" not in found
    assert "ownership.provider" not in found


def test_scale_to_zero_and_concurrency_are_never_demands(bench: Workbench) -> None:
    plan = bench.resolve(target=bench.able(service__scale_to_zero=None, service__concurrency=feature("no")))
    assert notes(plan)["api.scale.min"] == "testing keeps one copy running"
    assert notes(plan)["api.scale.concurrency"] == "only a hint on testing"


def test_routes_are_sorted_for_longest_prefix(bench: Workbench) -> None:
    template = bench.template(lambda data: data["routes"].update({"/api/admin": "worker", "/a": "web"}))
    prefixes = [route.prefix for route in bench.resolve(template=template).routes]
    assert prefixes == ["/api/admin", "/api", "/a", "/"]


# --- stores -------------------------------------------------------------------------------------------------------


def test_mini_programs(bench: Workbench) -> None:
    plan = bench.resolve()
    mini = plan.component("mini")
    assert isinstance(mini, MiniProgramPlan)
    assert [store for store, _ in mini.sources] == ["wechat"]
    assert {key: value.constant for key, value in mini.ext} == {
        "shop": "Acme",
        "api": "https://shop.acme.example/api",
    }


def test_a_mini_program_without_a_store(bench: Workbench) -> None:
    plan = bench.resolve(stores=...)
    assert notes(plan)["mini"] == "the tenant gives no store to publish it in"
    needed = bench.template(lambda data: data["components"]["mini"].pop("optional"))
    assert "gives no store" in unable(bench, template=needed, stores=...).message


def test_a_store_with_another_dialect(bench: Workbench) -> None:
    template = bench.template(lambda data: data["components"]["mini"]["sources"].pop("wechat"))
    plan = bench.resolve(template=template)
    assert "speaks alipay" in notes(plan)["mini"]


def test_a_store_that_is_not_installed(bench: Workbench) -> None:
    error = unable(bench, target=replace(EVERYTHING, stores={"alipay": "alipay"}))
    assert error.problems[-1].path == "stores.wechat"


def test_no_default_host(bench: Workbench) -> None:
    def default_host(_instance: str, _account: object) -> str | None:
        raise CapabilityError("there is no default host", hint="add a domain")

    error = unable(bench, target=replace(EVERYTHING, default_host=default_host), domains=[])
    assert "there is no default host" in error.message
    assert error.problems[0].hint == "add a domain"
