"""Tokens for kept data, and what the identity remembers for a way back."""

from __future__ import annotations

import asyncio

import pytest
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import UpdateRequest
from tests.unit.core.test_identity_rules import PROVIDER, STAMP, URN, Values, check, values

from tenantry.spec.adoption import IDENTITY, fits, new_token


def test_a_token_fits_its_own_identity_only() -> None:
    token = new_token(STAMP)
    assert fits(token, STAMP)
    for name in IDENTITY:
        assert not fits(token, STAMP | {name: "other"}), name
    assert not fits(token.upper(), STAMP)
    assert not fits("adopt-1-2", STAMP)


def test_every_retirement_gets_another() -> None:
    assert new_token(STAMP) != new_token(STAMP)


def test_the_identity_takes_its_own_token() -> None:
    assert check({}, values(adopt=new_token(STAMP))) == []
    assert check(values(), values(adopt=new_token(STAMP))) == []


@pytest.mark.parametrize("name", IDENTITY)
def test_it_refuses_anybody_elses(name: str) -> None:
    token = new_token(STAMP | {name: "live" if name == "mode" else "other"})
    found = check({}, values(adopt=token))
    assert [prop for prop, _ in found] == ["adopt"]
    assert "retired/" in found[0][1]


def test_a_token_waits_for_an_account_that_is_not_known_yet() -> None:
    assert check({}, values(adopt="adopt-x") | {"account": PropertyValue.computed()}) == []


def test_the_version_before_is_remembered() -> None:
    def update(old: Values, **changes: str) -> Values:
        request = UpdateRequest(URN, "id", old, values(**changes), 0, [], preview=False)
        return dict(asyncio.run(PROVIDER.update(request)).properties or {})

    state = update(values(), planFingerprint="sha256:2")
    assert "previousTemplate" not in state
    state = update(state, template="shop@1.1.0")
    assert state["previousTemplate"].value == "shop@1.0.0"
    state = update(state, template="shop@1.1.0", planFingerprint="sha256:3")
    assert state["previousTemplate"].value == "shop@1.0.0"
    state = update(state, template="shop@1.0.0")
    assert state["previousTemplate"].value == "shop@1.1.0"
