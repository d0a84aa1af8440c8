"""`${param.NAME}`, `${COMPONENT.FIELD}` and `${url}` in texts; `$${` stands for the characters `${`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

_TOKEN: Final = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_REFERENCE: Final = re.compile(r"([a-z][a-z0-9-]*)\.([a-z][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Constant:
    """Text as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class ParameterRef:
    """`${param.NAME}`."""

    name: str


@dataclass(frozen=True, slots=True)
class FieldRef:
    """`${COMPONENT.FIELD}`."""

    component: str
    field: str


@dataclass(frozen=True, slots=True)
class UrlRef:
    """`${url}`."""


Token: TypeAlias = Constant | ParameterRef | FieldRef | UrlRef


@dataclass(frozen=True, slots=True)
class Broken:
    """Something in `${…}` that is none of the three forms."""

    text: str


@lru_cache(maxsize=4096)
def parse(text: str) -> tuple[Token | Broken, ...]:
    """The parts of a text, in order."""
    if "${" not in text:
        return (Constant(text),) if text else ()
    parts: list[Token | Broken] = []
    constant = ""
    end = 0
    for match in _TOKEN.finditer(text):
        constant += text[end : match.start()]
        end = match.end()
        if match.group() == "$${":
            constant += "${"
            continue
        if constant:
            parts.append(Constant(constant))
            constant = ""
        parts.append(_token(match[1]))
    constant += text[end:]
    if constant:
        parts.append(Constant(constant))
    return tuple(parts)


def _token(inner: str | None) -> Token | Broken:
    if inner is None:
        return Broken("${")
    if inner == "url":
        return UrlRef()
    match = _REFERENCE.fullmatch(inner)
    if match is None:
        return Broken("${" + inner[:40] + "}")
    return ParameterRef(match[2]) if match[1] == "param" else FieldRef(match[1], match[2])
