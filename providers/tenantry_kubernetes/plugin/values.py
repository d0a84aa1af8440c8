"""Property values of the provider protocol as plain Python values.

Objects become dicts, lists become lists, numbers become int where they are whole. Two things have no JSON form: a
secret is wrapped in `Secret`, and what a preview does not know yet is `UNKNOWN`. Null properties are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import struct_pb2

from tenantry.errors import TenantryError

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = Any
"""A property's value: JSON, `Secret` or `UNKNOWN`, nested."""

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the protocol's mark of secrets, none itself
_ASSETS: Final = frozenset({"c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"})
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWNS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that must be encrypted wherever it is kept. Not shown in `repr`."""

    value: Value

    def __repr__(self) -> str:
        return "Secret(…)"


class _Unknown:
    """A value that is not known during a preview."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()

Properties = dict[str, Value]
"""Properties that may hold `Secret` and `UNKNOWN`."""


def read(struct: struct_pb2.Struct) -> Properties:
    """The properties of a message. Raises TenantryError for assets, which no Kubernetes object has."""
    found = {key: _read(value) for key, value in struct.fields.items()}
    return {key: value for key, value in found.items() if value is not None}


def _read(value: struct_pb2.Value) -> Value:
    match value.WhichOneof("kind"):
        case "string_value":
            text = value.string_value
            return UNKNOWN if text in _UNKNOWNS else text
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_read(item) for item in value.list_value.values]
        case "struct_value":
            return _read_struct(value.struct_value)
        case _:
            return None


def _read_struct(struct: struct_pb2.Struct) -> Value:
    signature = struct.fields[_SIGNATURE].string_value if _SIGNATURE in struct.fields else ""
    if not signature:
        return read(struct)
    inner = _read(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
    if signature == _SECRET_SIGNATURE:
        return Secret(inner)
    if signature == _OUTPUT:
        secret = "secret" in struct.fields and struct.fields["secret"].bool_value
        return Secret(inner) if secret else inner
    if signature in _ASSETS:
        raise TenantryError(
            "A Kubernetes object cannot hold a Pulumi asset or archive", hint="Give its content as text."
        )
    raise TenantryError(f"The engine sent a kind of value that this plugin does not know ({signature})")


def write(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """The message for properties. None becomes null."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        _write(struct.fields[key], value)
    return struct


def _write(target: struct_pb2.Value, value: Value) -> None:
    if isinstance(value, Secret):
        target.struct_value.fields[_SIGNATURE].string_value = _SECRET_SIGNATURE
        _write(target.struct_value.fields["value"], value.value)
    elif value is UNKNOWN:
        target.string_value = _UNKNOWN_TEXT
    elif value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, dict):
        target.struct_value.SetInParent()
        for key, item in value.items():
            _write(target.struct_value.fields[key], item)
    else:
        target.list_value.SetInParent()
        for item in value:
            _write(target.list_value.values.add(), item)


def plain(value: Value) -> Value:
    """A deep copy without secret marks, as an API server wants it."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def has_unknown(value: Value) -> bool:
    """Whether anything in the value is not known yet."""
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def has_secret(value: Value) -> bool:
    """Whether anything in the value is secret."""
    if isinstance(value, dict):
        return any(has_secret(item) for item in value.values())
    if isinstance(value, list):
        return any(has_secret(item) for item in value)
    return isinstance(value, Secret)
