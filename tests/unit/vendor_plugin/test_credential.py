"""The credential's resource, called as the engine calls it."""

from __future__ import annotations

import asyncio

import pytest
from pulumi.provider.experimental.property_value import PropertyValue, PropertyValueType
from pulumi.provider.experimental.provider import (
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    DiffRequest,
    ReadRequest,
    UpdateRequest,
)

from tenantry.credential import TYPE_TOKEN
from tenantry.errors import EngineError
from tenantry_vendor.plugin.credential.rules import ALPHABET
from tenantry_vendor.plugin.resources import own_provider

URN = f"urn:pulumi:acme::probe::tenantry:index:AppInstance${TYPE_TOKEN}::orders"
PROVIDER = own_provider("0.1.0")
OF = "postgresql 15"

Values = dict[str, PropertyValue]


def values(**said: str | float | bool | PropertyValue) -> Values:
    return {name: value if isinstance(value, PropertyValue) else PropertyValue(value) for name, value in said.items()}


def create(inputs: Values, *, preview: bool = False) -> tuple[str, Values]:
    made = asyncio.run(PROVIDER.create(CreateRequest(URN, inputs, 0, preview)))
    return made.resource_id or "", made.properties


def update(olds: Values, news: Values, *, preview: bool = False) -> Values:
    made = asyncio.run(PROVIDER.update(UpdateRequest(URN, "id", olds, news, 0, [], preview)))
    return dict(made.properties or {})


def diff(olds: Values, news: Values) -> bool:
    return bool(asyncio.run(PROVIDER.diff(DiffRequest(URN, "id", olds, news, []))).changes)


def check(olds: Values, news: Values) -> list[tuple[str, str]]:
    answer = asyncio.run(PROVIDER.check(CheckRequest(URN, olds, news, b"")))
    return [(failure.property, failure.reason) for failure in answer.failures or []]


def test_a_value_is_drawn_once_and_is_secret() -> None:
    first_id, first = create(values(of=OF, length=40.0))
    second_id, second = create(values(of=OF, length=40.0))
    value = first["value"].value
    assert isinstance(value, str)
    assert len(value) == 40
    assert set(value) <= set(ALPHABET)
    assert value != second["value"].value
    assert first["value"].is_secret
    assert first_id != second_id
    assert value not in first_id


def test_a_preview_draws_none_and_leaves_it_unknown() -> None:
    made_id, made = create(values(of=OF), preview=True)
    assert made_id == ""
    assert made["value"].type is PropertyValueType.COMPUTED


def test_nothing_but_another_given_value_changes_it() -> None:
    _, made = create(values(of=OF))
    assert not diff(made, values(of=OF))
    assert not diff(made, values(of=OF, length=64.0))
    assert not diff(made, values(of=OF, given=made["value"]))
    assert diff(made, values(of=OF, given="another-value"))
    assert diff(made, values(of=OF, given=PropertyValue.computed()))


def test_an_update_keeps_it() -> None:
    _, made = create(values(of=OF))
    changed = update(made, values(of=OF, length=64.0))
    assert changed["value"].value == made["value"].value
    assert changed["value"].is_secret


def test_a_given_value_is_adopted_and_stays_when_it_is_no_longer_given() -> None:
    _, made = create(values(of=OF, given="kept-from-before"))
    assert made["value"].value == "kept-from-before"
    assert made["value"].is_secret
    assert not diff(made, values(of=OF))
    assert update(made, values(of=OF))["value"].value == "kept-from-before"
    assert update(made, values(of=OF, given="third"))["value"].value == "third"


def test_a_given_value_that_is_not_known_yet_is_waited_for() -> None:
    unknown = values(of=OF, given=PropertyValue.computed())
    assert check({}, unknown) == []
    assert create(unknown, preview=True)[1]["value"].type is PropertyValueType.COMPUTED
    _, made = create(values(of=OF))
    assert update(made, unknown, preview=True)["value"].type is PropertyValueType.COMPUTED


def test_a_given_value_known_at_preview_is_shown_to_what_depends_on_it() -> None:
    _, made = create(values(of=OF, given="known"), preview=True)
    assert made["value"].value == "known"
    assert made["value"].is_secret


def test_given_inputs_become_secret_at_check() -> None:
    answer = asyncio.run(PROVIDER.check(CheckRequest(URN, {}, values(of=OF, given="plain-text"), b"")))
    assert answer.inputs is not None
    assert answer.inputs["given"].is_secret


def test_it_never_opens_something_else() -> None:
    ((name, reason),) = check(values(of=OF), values(of="postgresql 16"))
    assert name == "of"
    assert "postgresql 15" in reason
    assert "restore into" in reason


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        ({}, "of"),
        ({"of": ""}, "of"),
        ({"of": OF, "length": 15.0}, "length"),
        ({"of": OF, "length": 129.0}, "length"),
        ({"of": OF, "length": True}, "length"),
        ({"of": OF, "given": ""}, "given"),
        ({"of": OF, "given": 7.0}, "given"),
        ({"of": OF, "charset": "x"}, "charset"),
    ],
)
def test_other_inputs_are_refused(inputs: dict[str, str | float | bool], name: str) -> None:
    assert [found for found, _ in check({}, values(**inputs))] == [name]


def test_no_refusal_repeats_a_value() -> None:
    found = check({}, values(of=OF, length=3.0, given=PropertyValue([PropertyValue("hunter2")])))
    assert found
    assert "hunter2" not in str(found)


def test_a_state_without_a_value_is_never_given_a_new_one() -> None:
    with pytest.raises(EngineError, match="holds no value"):
        update(values(of=OF), values(of=OF, length=64.0))


def test_refresh_keeps_it_secret_and_an_import_finds_nothing() -> None:
    made_id, made = create(values(of=OF))
    shown = {name: PropertyValue(value.value) for name, value in made.items()}
    read = asyncio.run(PROVIDER.read(ReadRequest(URN, made_id, shown, values(of=OF))))
    assert read.resource_id == made_id
    assert read.properties is not None
    assert read.properties["value"].is_secret
    assert read.properties["value"].value == made["value"].value
    assert asyncio.run(PROVIDER.read(ReadRequest(URN, "anything", {}, {}))).resource_id == ""


def test_deleting_does_nothing() -> None:
    asyncio.run(PROVIDER.delete(DeleteRequest(URN, "id", {}, 0)))
