"""The identity's provider, called as the engine calls it, without an engine."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    DiffRequest,
    GetSchemaRequest,
    PropertyDiffKind,
    ReadRequest,
    UpdateRequest,
)

from tenantry.errors import EngineError, IdentityError
from tenantry.identity import account_fingerprint
from tenantry_vendor.plugin.identity.refusals import FIXED, FREE, PROPERTIES, refusals
from tenantry_vendor.plugin.resources import own_provider

URN = "urn:pulumi:acme::probe::tenantry:index:AppInstance$tenantry:index:Identity::acme"
OTHER_URN = "urn:pulumi:acme::probe::tenantry:index:Other::acme"
PROVIDER = own_provider("0.1.0")
STAMP = {
    "tenant": "acme",
    "instance": "acme",
    "mode": "sandbox",
    "runtime": "kubernetes",
    "account": account_fingerprint("kubernetes", "uid-1"),
    "template": "shop@1.0.0",
    "planFingerprint": "sha256:1",
}

Values = dict[str, PropertyValue]


def values(**changes: str | float | bool) -> Values:
    return {name: PropertyValue(value) for name, value in (STAMP | changes).items()}


def check(old: Values, new: Values) -> list[tuple[str, str]]:
    answer = asyncio.run(PROVIDER.check(CheckRequest(URN, old, new, b"")))
    return [(failure.property, failure.reason) for failure in answer.failures or []]


def test_a_new_stack_takes_any_identity() -> None:
    assert check({}, values()) == []


def test_template_and_plan_may_change() -> None:
    new = values(template="shop@2.0.0", planFingerprint="sha256:2")
    assert check(values(), new) == []
    answer = asyncio.run(PROVIDER.diff(DiffRequest(URN, "id", values(), new, [])))
    assert answer.changes
    assert set(answer.detailed_diff) == {"template", "planFingerprint"}
    assert {each.kind for each in answer.detailed_diff.values()} == {PropertyDiffKind.UPDATE}
    assert answer.replaces == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("tenant", "globex", ["tenant 'acme'", "'globex'", "tenantry new tenant"]),
        ("instance", "globex", ["instance 'acme'", "'globex'"]),
        ("mode", "live", ["the local sandbox", "live accounts", "TENANTRY_MODE=sandbox"]),
        ("runtime", "cloudbase", ["'kubernetes'", "'cloudbase'", "tenantry move"]),
        ("account", account_fingerprint("kubernetes", "uid-2"), ["fingerprint", "tenantry move"]),
    ],
)
def test_another_identity_is_refused_in_words(name: str, value: str, words: list[str]) -> None:
    found = check(values(), values(**{name: value}))
    assert [prop for prop, _ in found] == [name]
    assert "Nothing was changed." in found[0][1]
    for word in words:
        assert word in found[0][1]


def test_the_account_that_comes_with_another_mode_is_not_named_too() -> None:
    found = check(values(), values(mode="live", account="sha256:other"))
    assert [prop for prop, _ in found] == ["mode"]


def test_a_declared_account_must_be_the_reported_one() -> None:
    declared = account_fingerprint("kubernetes", "uid-9")
    found = check({}, values(declaredAccount=declared))
    assert [prop for prop, _ in found] == ["declaredAccount"]
    assert declared.removeprefix("sha256:")[:12] in found[0][1]
    assert check({}, values(declaredAccount=STAMP["account"])) == []
    assert check(values(declaredAccount=declared), values()) == []


def test_an_account_that_a_preview_does_not_know_is_judged_later() -> None:
    unknown = values(declaredAccount="sha256:declared") | {"account": PropertyValue.computed()}
    assert check(values(), unknown) == []
    assert check(values(), values(mode="live") | {"account": PropertyValue.computed()}) != []
    created = asyncio.run(PROVIDER.create(CreateRequest(URN, unknown, 0, preview=True)))
    assert created.resource_id == ""


@pytest.mark.parametrize(
    ("new", "prop"),
    [
        ({"mode": "production"}, "mode"),
        ({"tenant": ""}, "tenant"),
        ({"account": 7.0}, "account"),
        ({"declaredAccount": True}, "declaredAccount"),
        ({"surprise": "x"}, "surprise"),
    ],
)
def test_inputs_of_a_wrong_shape_are_refused(new: dict[str, Any], prop: str) -> None:
    assert [name for name, _ in check({}, values(**new))] == [prop]


def test_what_went_round_check_is_refused_too() -> None:
    with pytest.raises(IdentityError, match="Nothing was changed"):
        asyncio.run(PROVIDER.diff(DiffRequest(URN, "id", values(), values(runtime="cloudbase"), [])))
    with pytest.raises(IdentityError, match="Nothing was changed"):
        asyncio.run(
            PROVIDER.update(UpdateRequest(URN, "id", values(), values(runtime="cloudbase"), 0, [], preview=False))
        )


def test_ignored_changes_are_no_changes() -> None:
    new = values(template="shop@2.0.0")
    answer = asyncio.run(PROVIDER.diff(DiffRequest(URN, "id", values(), new, ["template"])))
    assert answer.changes is False


def test_it_can_be_imported_by_its_id() -> None:
    created = asyncio.run(PROVIDER.create(CreateRequest(URN, values(), 0, preview=False)))
    read = asyncio.run(PROVIDER.read(ReadRequest(URN, created.resource_id or "", {}, {})))
    assert read.resource_id == created.resource_id
    assert {name: read.inputs[name].value for name in FIXED} == {name: STAMP[name] for name in FIXED}
    assert check(dict(read.inputs), values()) == []
    assert asyncio.run(PROVIDER.read(ReadRequest(URN, "nonsense", {}, {}))).resource_id == ""


def test_refresh_gives_the_state_back() -> None:
    read = asyncio.run(PROVIDER.read(ReadRequest(URN, "id", values(), values())))
    assert (read.resource_id, read.properties, read.inputs) == ("id", values(), values())


def test_unknown_types_are_refused() -> None:
    for call in (
        PROVIDER.check(CheckRequest(OTHER_URN, {}, values(), b"")),
        PROVIDER.create(CreateRequest(OTHER_URN, values(), 0, preview=False)),
        PROVIDER.delete(DeleteRequest(OTHER_URN, "id", values(), 0)),
    ):
        with pytest.raises(EngineError, match="no resource type 'tenantry:index:Other'"):
            asyncio.run(call)


def test_it_takes_no_configuration() -> None:
    answer = asyncio.run(PROVIDER.check_config(CheckRequest(URN, {}, {"token": PropertyValue("x")}, b"")))
    assert [failure.property for failure in answer.failures or []] == ["token"]
    answer = asyncio.run(PROVIDER.check_config(CheckRequest(URN, {}, {"version": PropertyValue("1")}, b"")))
    assert not answer.failures


def test_the_schema_names_every_property() -> None:
    answer = asyncio.run(PROVIDER.get_schema(GetSchemaRequest(0)))
    resource = json.loads(answer.schema or "")["resources"]["tenantry:index:Identity"]
    assert set(resource["inputProperties"]) == set(PROPERTIES)
    assert "declaredAccount" not in resource["requiredInputs"]


@given(
    old=st.fixed_dictionaries(dict.fromkeys((*FIXED, *FREE), st.sampled_from(["a", "b"]))),
    new=st.fixed_dictionaries(dict.fromkeys((*FIXED, *FREE), st.sampled_from(["a", "b"]))),
    unknown=st.frozensets(st.sampled_from(FIXED)),
)
def test_exactly_known_changes_of_fixed_inputs_are_refused(
    old: dict[str, str], new: dict[str, str], unknown: frozenset[str]
) -> None:
    changed = {name for name in FIXED if old[name] != new[name]} - unknown
    found = {name for name, _ in refusals(old, new, unknown)}
    assert bool(found) == bool(changed)
    assert found <= changed


def test_a_fingerprint_hides_the_account_and_differs_by_runtime() -> None:
    assert account_fingerprint("kubernetes", "uid-1") == account_fingerprint("kubernetes", "uid-1")
    assert account_fingerprint("kubernetes", "uid-1") != account_fingerprint("cloudbase", "uid-1")
    assert "uid-1" not in account_fingerprint("kubernetes", "uid-1")
