"""Plain scalars by the core schema of YAML 1.2: `on` and `yes` are text, `0o17` is a number."""

from __future__ import annotations

import math
import re
from typing import Final, TypeAlias

Scalar: TypeAlias = "str | int | float | bool | None"

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_BASES: Final = {"0o": 8, "0x": 16}
_INT: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NUMBER_START: Final = frozenset("+-.0123456789")
_LARGEST: Final = 2**53
_MOST_DIGITS: Final = 20


class NotUsableError(ValueError):
    """A number that JSON cannot carry."""


def plain_scalar(text: str) -> Scalar:
    """The value of an unquoted scalar. Raises NotUsableError for infinite, undefined and too large numbers."""
    if text[:1] not in _NUMBER_START:
        return _WORDS.get(text, text)
    if _INT.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise NotUsableError("the number is too large")
        return number
    if _NOT_FINITE.fullmatch(text):
        raise NotUsableError(f"{text} is not a number that can be used")
    return text


def _integer(text: str) -> int:
    base = _BASES.get(text[:2], 10)
    digits = text[2:] if text[:2] in _BASES else text
    # The length is checked first: converting a million digits takes seconds.
    if len(digits) > _MOST_DIGITS or abs(int(digits, base)) > _LARGEST:
        raise NotUsableError("the number is too large")
    return int(digits, base)
