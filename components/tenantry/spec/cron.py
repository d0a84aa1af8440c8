"""Cron expressions with five fields: minute, hour, day of month, month, day of week."""

from __future__ import annotations

from typing import Final

_FIELDS: Final = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES: Final = {
    "month": {name: number for number, name in enumerate(_MONTHS, start=1)},
    "day of week": {name: number for number, name in enumerate(_DAYS)},
}
_SHORTEST_MONTHS: Final = {1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}


def problem(expression: str) -> str | None:
    """What is wrong with the expression, or None."""
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        return f"expected five fields, found {len(fields)}"
    values: list[set[int]] = []
    for text, (name, low, high) in zip(fields, _FIELDS, strict=True):
        try:
            values.append(_values(text.lower(), name, low, high))
        except ValueError as error:
            return f"{name}: {error}"
    if fields[4] == "*" and not any(day <= _SHORTEST_MONTHS[month] for month in values[3] for day in values[2]):
        return "no month has that day: it would never run"
    return None


def _values(text: str, name: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for item in text.split(","):
        span, slash, step = item.partition("/")
        if slash and not (step.isascii() and step.isdigit() and 0 < int(step[:4]) <= high and len(step) < 4):  # noqa: PLR2004
            raise ValueError(f"the step must be a number from 1 to {high}")
        first, last = _span(span, name, low, high)
        if slash and span != "*" and "-" not in span:
            last = high
        found.update(range(first, last + 1, int(step) if slash else 1))
    return found


def _span(span: str, name: str, low: int, high: int) -> tuple[int, int]:
    if span == "*":
        return low, high
    begin, dash, end = span.partition("-")
    first = _number(begin, name, low, high)
    last = _number(end, name, low, high) if dash else first
    if first > last:
        raise ValueError("a range must go from the smaller to the larger value")
    return first, last


def _number(text: str, name: str, low: int, high: int) -> int:
    known = _NAMES.get(name, {}).get(text)
    if known is not None:
        return known
    if not (text.isascii() and text.isdigit() and len(text) < 4 and low <= int(text) <= high):  # noqa: PLR2004 - at most 3 digits
        raise ValueError(f"expected *, a list, a range or a number from {low} to {high}")
    return int(text)
