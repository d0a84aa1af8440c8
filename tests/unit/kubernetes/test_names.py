"""Names are valid for every legal id, and no two instances share one."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tenantry_kubernetes import names

if TYPE_CHECKING:
    from tenantry.spec.plan import InstancePlan

LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL_KEY = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")

ids = st.from_regex(r"[a-z](-?[a-z0-9]){2,39}", fullmatch=True).filter(lambda text: 3 <= len(text) <= 40)
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def of(plan: InstancePlan, tenant: str, instance: str) -> InstancePlan:
    return dataclasses.replace(plan, tenant=tenant, instance=instance)


@shared
@given(tenant=ids, instance=ids)
def test_a_namespace_is_a_dns_label_that_begins_with_the_instance(
    plan: InstancePlan, tenant: str, instance: str
) -> None:
    name = names.namespace_name(of(plan, tenant, instance))
    assert LABEL.fullmatch(name)
    assert name.startswith(instance)
    assert name not in {"default", "kube-system", "kube-public", "kube-node-lease"}


@shared
@given(one=st.tuples(ids, ids), other=st.tuples(ids, ids))
def test_two_instances_never_share_a_namespace(
    plan: InstancePlan, one: tuple[str, str], other: tuple[str, str]
) -> None:
    assume(one != other)
    assert names.namespace_name(of(plan, *one)) != names.namespace_name(of(plan, *other))


@shared
@given(tenant=ids, instance=ids)
def test_an_instance_cannot_take_the_namespace_of_another_by_its_id(
    plan: InstancePlan, tenant: str, instance: str
) -> None:
    victim = names.namespace_name(of(plan, tenant, instance))
    assert names.namespace_name(of(plan, tenant, victim)) != victim


def test_pairs_whose_parts_join_to_the_same_text_differ(plan: InstancePlan) -> None:
    made = {
        names.namespace_name(of(plan, tenant, instance))
        for tenant, instance in [("acme", "shop-eu"), ("acme-shop", "eu"), ("acme-shop-eu", "eu"), ("eu", "eu")]
    }
    assert len(made) == 4


@shared
@given(tenant=ids, instance=ids, component=ids, template=ids)
def test_labels_are_valid_for_every_legal_id(
    plan: InstancePlan, tenant: str, instance: str, component: str, template: str
) -> None:
    changed = dataclasses.replace(
        of(plan, tenant, instance), template=dataclasses.replace(plan.template, name=template)
    )
    labels = names.labels(changed, component)
    for key, value in labels.items():
        assert LABEL_KEY.fullmatch(key)
        assert LABEL_VALUE.fullmatch(value), value
    assert names.selector(changed, component).items() <= labels.items()


@given(text=st.text(max_size=200))
def test_any_text_becomes_a_label_value(text: str) -> None:
    assert LABEL_VALUE.fullmatch(names.label_value(text))


def test_long_versions_stay_apart() -> None:
    one, other = (f"1.0.0-{'a' * 80}{end}" for end in "xy")
    assert names.label_value(one) != names.label_value(other)


@given(host=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?(\.[a-z]{2,40}){1,4}", fullmatch=True), component=ids)
def test_a_hosts_object_has_a_valid_name_that_no_component_has(host: str, component: str) -> None:
    name = names.host_object_name("tls", host)
    assert SUBDOMAIN.fullmatch(name)
    assert name != component
