"""The base of every model of the spec, and the constrained texts that they share."""

from __future__ import annotations

import json
import re
import zoneinfo
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, PrivateAttr, StringConstraints
from pydantic_core import PydanticCustomError

from tenantry.spec import names
from tenantry.spec.source import Source

M = TypeVar("M", bound=BaseModel)


class Model(BaseModel):
    """Strict, closed and frozen: nothing is converted, nothing unknown is accepted, nothing changes after loading."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, ser_json_inf_nan="strings", allow_inf_nan=False)


def validate(model: type[M], data: object) -> M:
    """The model of JSON data, as strict as JSON Schema: a list fits a tuple, a number never fits a text.

    Raises pydantic's ValidationError.
    """
    return model.model_validate_json(json.dumps(data))


class SpecFile(Model):
    """A model that is the whole of one file."""

    _source: Source | None = PrivateAttr(default=None)

    @property
    def source(self) -> Source:
        """Where the values stand; without places where the model was not loaded from a file."""
        return self._source or Source(f"<{type(self).__name__}>")


def _reserved(value: str) -> str:
    if value in names.RESERVED_IDS:
        raise PydanticCustomError(
            "reserved", "`{name}` is reserved for interpolation", {"name": value, "hint": "take another id"}
        )
    return value


def _cron(value: str) -> str:
    from tenantry.spec.cron import problem

    wrong = problem(value)
    if wrong is not None:
        raise PydanticCustomError("cron", "{wrong}", {"wrong": wrong})
    return value


@cache
def timezones() -> frozenset[str]:
    """The IANA names that this machine knows."""
    return frozenset(zoneinfo.available_timezones())


def _timezone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        # A machine without any time zone data cannot judge.
        if value == "UTC" or not timezones():
            return value
    else:
        return value
    raise PydanticCustomError(
        "timezone",
        "there is no time zone `{name}`",
        {"name": value[:60], "hint": names.suggest(value, timezones())},
    )


def _route(value: str) -> str:
    if any(part in {"..", "."} for part in value.split("/")):
        raise PydanticCustomError("route", "a route cannot have . or .. as a segment", {})
    return value


_NO_DOTS: dict[str, JsonValue] = {"not": {"pattern": r"/\.\.?(/|$)"}}
_NOT_RESERVED: dict[str, JsonValue] = {"not": {"enum": [*sorted(names.RESERVED_IDS)]}}

Id = Annotated[str, StringConstraints(pattern=names.ID, min_length=3, max_length=40)]
ComponentId = Annotated[Id, AfterValidator(_reserved), Field(json_schema_extra=_NOT_RESERVED)]
ParameterName = Annotated[str, StringConstraints(pattern=names.PARAMETER, max_length=40)]
VariableName = Annotated[str, StringConstraints(pattern=names.VARIABLE, max_length=128)]
Version = Annotated[str, StringConstraints(pattern=names.SEMVER, max_length=64)]
Selector = Annotated[str, StringConstraints(pattern=names.SELECTOR, max_length=120)]
ExactSelector = Annotated[str, StringConstraints(pattern=names.EXACT_SELECTOR, max_length=120)]
Memory = Annotated[str, StringConstraints(pattern=names.MEMORY)]
Cpu = Annotated[float, Field(ge=0.001, le=1000)] | Annotated[str, StringConstraints(pattern=names.CPU_MILLIS)]
RuntimeName = Annotated[str, StringConstraints(pattern=names.RUNTIME, max_length=40)]
Image = Annotated[str, StringConstraints(pattern=names.IMAGE, max_length=512)]
Host = Annotated[str, StringConstraints(pattern=names.HOST, max_length=253)]
Route = Annotated[
    str,
    StringConstraints(pattern=names.ROUTE, max_length=256),
    AfterValidator(_route),
    Field(json_schema_extra=_NO_DOTS),
]
HttpPath = Annotated[str, StringConstraints(pattern=names.PATH, max_length=1024)]
SourcePath = Annotated[str, StringConstraints(pattern=names.SOURCE, max_length=512)]
FileName = Annotated[str, StringConstraints(pattern=names.FILE, max_length=512)]
Cron = Annotated[str, StringConstraints(pattern=names.CRON, max_length=200), AfterValidator(_cron)]
TimeZone = Annotated[str, StringConstraints(pattern=names.TIMEZONE, max_length=60), AfterValidator(_timezone)]
AdoptToken = Annotated[str, StringConstraints(pattern=names.ADOPT_TOKEN)]
EngineVersion = Annotated[str, StringConstraints(pattern=names.ENGINE_VERSION, max_length=20)]
Argument = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Text = Annotated[str, StringConstraints(max_length=4096)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Region = Annotated[str, StringConstraints(pattern=names.REGION, max_length=60)]
LabelKey = Annotated[str, StringConstraints(pattern=names.LABEL_KEY, max_length=63)]
LabelValue = Annotated[str, StringConstraints(pattern=names.LABEL_VALUE, max_length=63)]
Unit = Annotated[str, StringConstraints(pattern=names.UNIT, max_length=40)]
LimitPath = Annotated[str, StringConstraints(pattern=names.LIMIT, max_length=80)]
Size = Literal["small", "medium", "large"]
JsonObject = dict[str, JsonValue]

SIZES: Final[tuple[Size, ...]] = ("small", "medium", "large")
"""Sizes in their order."""

_UNITS: Final = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "k": 1000, "M": 1000**2, "G": 1000**3}
_MEMORY: Final = re.compile(r"([0-9]+)([A-Za-z]+)")


def memory_bytes(quantity: str) -> int:
    """`512Mi` as a number of bytes."""
    match = _MEMORY.fullmatch(quantity)
    if match is None:
        raise ValueError(quantity)
    return int(match[1]) * _UNITS[match[2]]


def cpu_millis(quantity: float | str) -> int:
    """`0.25` or `250m` as thousandths of a core."""
    return int(quantity.removesuffix("m")) if isinstance(quantity, str) else round(quantity * 1000)


class Localized(Model):
    """A text for people, in English and Chinese."""

    en: Line = Field(description="English text.")
    zh: Line | None = Field(default=None, description="Chinese text; the English one is shown where it is missing.")


def exactly_one(model: BaseModel, fields: tuple[str, ...]) -> None:
    """Raises where not exactly one of the fields is set."""
    given = [name for name in fields if getattr(model, name) is not None]
    if len(given) != 1:
        wanted = ", ".join(fields)
        found = ", ".join(given) or "none of them"
        raise PydanticCustomError(
            "exactly_one", "expected exactly one of {wanted}, found {found}", {"wanted": wanted, "found": found}
        )


def one_of_schema(fields: tuple[str, ...]) -> dict[str, Any]:
    """The JSON Schema form of `exactly_one`."""
    return {"oneOf": [{"required": [name]} for name in fields]}
