"""Quantities of the Kubernetes API, such as `250m` and `512Mi`."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

_UNITS: Final = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15,
    "E": Decimal(10) ** 18,
    "Ki": Decimal(2) ** 10,
    "Mi": Decimal(2) ** 20,
    "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50,
    "Ei": Decimal(2) ** 60,
}
_FORM: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([A-Za-z]{0,2})")


def parse_quantity(text: str) -> Decimal:
    """The number that a quantity means: bytes for memory, cores for CPU. Raises ValueError."""
    match = _FORM.fullmatch(text.strip())
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"{text!r} is not a quantity")
    return Decimal(match[1]) * _UNITS[match[2]]


def divide(quantity: str, divisor: str) -> str:
    """`quantity` in units of `divisor` (0 means 1), rounded up, as `resourceFieldRef` gives it."""
    unit = parse_quantity(divisor) or Decimal(1)
    return str(math.ceil(parse_quantity(quantity) / unit))
