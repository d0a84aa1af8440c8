"""Names and small text formats of the spec: patterns, what they mean in words, and near misses."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

SPEC: Final = "tenantry/v1"
"""The value of `spec` in every file."""

RESERVED_IDS: Final = frozenset({"param", "url"})
"""Ids that interpolation uses: no component may have them."""

RESERVED_VARIABLES: Final = frozenset({"PORT", "HOST"})
"""Variables that the runtime gives to a service."""

ID: Final = r"^[a-z](-?[a-z0-9])*$"
PARAMETER: Final = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
VARIABLE: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"
SEMVER: Final = (
    r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?$"
)
SELECTOR: Final = (
    r"^[a-z](-?[a-z0-9])*@"
    r"((0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?|[a-z](-?[a-z0-9])*)$"
)
EXACT_SELECTOR: Final = (
    r"^[a-z](-?[a-z0-9])*@(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$"
)
MEMORY: Final = r"^[1-9][0-9]{0,8}(Ki|Mi|Gi|k|M|G)$"
CPU_MILLIS: Final = r"^[1-9][0-9]{0,5}m$"
RUNTIME: Final = r"^[a-z][a-z0-9]*([.-]?[a-z0-9]+)*$"
IMAGE: Final = r"^[a-z0-9]([a-z0-9._/:-]*[a-z0-9])?@sha256:[0-9a-f]{64}$"
HOST: Final = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
ROUTE: Final = r"^(/|(/[A-Za-z0-9._~-]+)+)$"
PATH: Final = r"^/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$"
SOURCE: Final = r"^(\./)?[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*/?$"
FILE: Final = r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$"
LABEL_KEY: Final = r"^[a-z]([a-z0-9._-]*[a-z0-9])?$"
LABEL_VALUE: Final = r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$"
ENV_NAME: Final = r"^[A-Z_][A-Z0-9_]*$"
CONFIG_KEY: Final = r"^[A-Za-z][A-Za-z0-9_.-]*(:[A-Za-z][A-Za-z0-9_.-]*)?$"
FILE_PATH: Final = r"^[^\x00-\x1f]+$"
REGION: Final = r"^[a-z0-9]+(-[a-z0-9]+)*$"
CRON: Final = r"^\S+( +\S+){4}$"
TIMEZONE: Final = r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"
ADOPT_TOKEN: Final = r"^adopt-[0-9a-f]{8}-[0-9a-f]{32}$"  # noqa: S105 - a pattern
ENGINE_VERSION: Final = r"^[0-9]+(\.[0-9]+)*$"
UNIT: Final = r"^[a-z][a-z0-9_-]*$"
LIMIT: Final = r"^[a-z](-?[a-z0-9])*(\.[a-z]+)+$"

_LONGEST: Final = 100
_SHOWN: Final = 12

WORDS: Final[dict[str, str]] = {
    ID: "an id: small letters, digits and single hyphens, beginning with a letter",
    PARAMETER: "a parameter name: small letters, digits and single underscores, beginning with a letter",
    VARIABLE: "a variable name: letters, digits and underscores, not beginning with a digit",
    SEMVER: "a version such as 1.2.0",
    SELECTOR: "a template and a version or a channel, such as shop@1.2.0 or shop@stable",
    EXACT_SELECTOR: "a template and a version, such as shop@1.2.0",
    MEMORY: "an amount of memory such as 512Mi or 1Gi",
    CPU_MILLIS: "an amount of CPU such as 0.25 or 250m",
    RUNTIME: "a language runtime such as python3.11",
    IMAGE: "an image with its digest, such as registry.example/name@sha256:<64 hexadecimal digits>",
    HOST: "a host name in small letters with at least one dot, such as shop.example.com",
    ROUTE: "a path prefix such as / or /api, without a slash at the end",
    PATH: "a path that begins with /",
    SOURCE: "a folder inside the template, such as ./api, without .. and without hidden names",
    FILE: "a file inside the folder, such as index.html",
    LABEL_KEY: "a label name: small letters, digits, dots, hyphens and underscores",
    LABEL_VALUE: "a label value: letters, digits, dots, hyphens and underscores",
    ENV_NAME: "the name of an environment variable in capitals",
    CONFIG_KEY: "a key of the stack's configuration",
    FILE_PATH: "a file path",
    REGION: "a region such as ap-shanghai",
    CRON: "five fields: minute, hour, day of month, month, day of week",
    TIMEZONE: "an IANA time zone such as Asia/Shanghai",
    ENGINE_VERSION: 'a version in quotes such as "15" or "8.0"',
    ADOPT_TOKEN: "the token from the record of a retired instance",
    UNIT: "a unit such as request",
    LIMIT: "a component and a setting, such as api.scale.max",
}
"""What each pattern means, for messages."""


def variable_prefix(component: str) -> str:
    """The component's id as the beginning of variable names: `media-files` -> `MEDIA_FILES`."""
    return component.replace("-", "_").upper()


def near_miss(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, if any."""
    known = list(known)
    if not known or len(name) > _LONGEST:
        return None
    folded = {item.lower().replace("-", "_"): item for item in known}
    same = folded.get(name.lower().replace("-", "_"))
    if same is not None:
        return same
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return close[0] if close else None


def suggest(name: str, known: Iterable[str]) -> str:
    """A hint: the near miss, else the known names, else nothing."""
    known = sorted(known)
    meant = near_miss(name, known)
    if meant is not None:
        return f"did you mean {meant}?"
    if not known:
        return ""
    shown = ", ".join(known[:_SHOWN])
    return f"known: {shown}" + (", …" if len(known) > _SHOWN else "")
