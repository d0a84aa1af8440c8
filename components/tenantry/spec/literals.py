"""Literals that look like keys: they must never stand in a file of the spec."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from tenantry.spec.shown import looks_like_key
from tenantry.spec.source import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.spec.source import Path

_SECRET: Final = re.compile(r"(^|[^a-z])(key|secret|password|passwd|passphrase|token|credentials?)([^a-z]|$)")
_OPEN: Final = re.compile(r"public|(^|[^a-z])(min|max|length|ttl|count|path|file|url|name|id)([^a-z]|$)")
_PASSWORD: Final = re.compile(r"(^|[^a-z])(password|passwd|passphrase|secret)$")
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/_=-]{20,}")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BITS_PER_CHARACTER: Final = 3.5


def key_findings(data: object, path: Path = ()) -> Iterator[Finding]:
    """Every literal below `data` that looks like a key. The value itself is never shown."""
    if isinstance(data, str):
        if len(data) >= 4 and _is_secret(data, path):  # noqa: PLR2004 - shorter texts are no keys
            yield Finding(path, "this looks like a secret value", "write a reference instead: {ref: {env: NAME}}")
    elif isinstance(data, dict):
        for key, value in data.items():
            if looks_like_key(key):
                yield Finding(
                    path, "a name here looks like a secret value", "write a reference instead: {ref: {env: NAME}}"
                )
            else:
                yield from key_findings(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from key_findings(value, (*path, index))


def _is_secret(text: str, path: Path) -> bool:
    if len(text) >= 16 and looks_like_key(text):  # noqa: PLR2004 - the shortest key
        return True
    if "${" in text or (len(path) > 1 and path[-2] == "ref"):
        return False
    place = _place(next((part for part in reversed(path) if isinstance(part, str)), ""))
    if place == "open":
        return False
    if place == "password":
        return not text.isdigit()
    return _ENCODED.fullmatch(text) is not None and _entropy(text) >= _BITS_PER_CHARACTER


@lru_cache(maxsize=4096)
def _place(name: str) -> Literal["open", "key", "password"]:
    """What kind of value a field of this name holds."""
    name = _CAMEL.sub("_", name).lower()
    if _SECRET.search(name) is None or _OPEN.search(name) is not None:
        return "open"
    return "password" if _PASSWORD.search(name) else "key"


def _entropy(text: str) -> float:
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values())
