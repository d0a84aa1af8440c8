from __future__ import annotations

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from tenantry.errors import TenantryError
from tenantry_kubernetes.plugin import values
from tenantry_kubernetes.plugin.values import UNKNOWN, Secret

SIGNATURE = "4dabf18193072939515e22adb298388d"

leaves = st.booleans() | st.integers(-(2**50), 2**50) | st.text() | st.just(UNKNOWN)
nested = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3) | inner.map(Secret)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1), nested, max_size=4))
def test_what_is_written_is_read(properties: values.Properties) -> None:
    assert values.read(values.write(properties)) == properties


def test_numbers_and_nulls() -> None:
    struct = struct_pb2.Struct()
    struct.update({"whole": 3, "part": 0.5, "nothing": None, "list": [None]})
    found = values.read(struct)
    assert found == {"whole": 3, "part": 0.5, "list": [None]}
    assert isinstance(found["whole"], int)


def test_every_unknown_of_the_engine() -> None:
    for each in ("04da6b54-80e4-46f7-96ec-b56ff0331ba9", "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2"):
        struct = struct_pb2.Struct()
        struct.update({"x": each})
        assert values.read(struct)["x"] is UNKNOWN


def test_outputs() -> None:
    struct = struct_pb2.Struct()
    output = {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4"}
    struct.update({"a": output | {"value": 1, "secret": True}, "b": output | {"value": 2}, "c": output})
    assert values.read(struct) == {"a": Secret(1), "b": 2, "c": UNKNOWN}


@pytest.mark.parametrize("signature", ["c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"])
def test_assets_are_refused(signature: str) -> None:
    struct = struct_pb2.Struct()
    struct.update({"x": {SIGNATURE: signature, "text": "a"}})
    with pytest.raises(TenantryError, match="asset or archive"):
        values.read(struct)


def test_signatures_of_the_future_are_refused() -> None:
    struct = struct_pb2.Struct()
    struct.update({"x": {SIGNATURE: "new"}})
    with pytest.raises(TenantryError, match="does not know"):
        values.read(struct)


def test_plain_and_searches() -> None:
    properties = {"a": [Secret({"b": UNKNOWN})], "c": 1}
    assert values.plain(properties) == {"a": [{"b": UNKNOWN}], "c": 1}
    assert values.has_unknown(properties)
    assert values.has_secret(properties)
    assert not values.has_unknown({"c": [1]})
    assert not values.has_secret({"c": [UNKNOWN]})


def test_secrets_are_not_shown() -> None:
    assert "hunter2" not in repr({"a": Secret("hunter2")})
