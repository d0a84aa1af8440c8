"""Resource quantities: `0.5` and `500m` are the same amount, and servers write them in one form only."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tenantry_kubernetes.client.requests import Json

_FORM: Final = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$")
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}

# Maps of quantities by the name of the field that holds them, and single quantities.
_MAPS: Final = frozenset(
    {"limits", "requests", "hard", "default", "defaultRequest", "max", "min", "maxLimitRequestRatio", "capacity"}
)
_SINGLE: Final = frozenset({"sizeLimit", "averageValue", "value", "divisor"})


def amount(value: Json) -> Decimal | None:
    """The amount that a quantity stands for, None for what is no quantity."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    match = _FORM.match(str(value))
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    base = Decimal(number)
    if exponent:
        return base.scaleb(int(exponent[1:]))
    if suffix in _BINARY:
        return base * (1 << _BINARY[suffix])
    return base.scaleb(_DECIMAL[suffix]) if suffix else base


def same(path: tuple[str | int, ...], left: Json, right: Json) -> bool:
    """Whether two values of a field that holds a quantity are the same amount."""
    steps = [step for step in path if isinstance(step, str)]
    holds = bool(steps) and (steps[-1] in _SINGLE or (len(steps) > 1 and steps[-2] in _MAPS))
    if not holds or "env" in steps:
        return False
    first = amount(left)
    return first is not None and first == amount(right)
