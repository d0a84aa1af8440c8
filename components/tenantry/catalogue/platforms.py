"""The platforms that packed Python dependencies are chosen for. Only the standard library at module level."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from tenantry.errors import CapabilityError

if TYPE_CHECKING:
    from packaging.tags import Tag

Architecture: TypeAlias = Literal["x86_64", "aarch64"]
"""Processors as the kernel names them."""

ARCHITECTURES: Final[tuple[Architecture, ...]] = get_args(Architecture)
GLIBC: Final = (2, 28)
"""The newest C library that a wheel may ask for (PEP 600): every stock image of the runtimes has at least this one."""
_OLDEST_GLIBC: Final = 17
_LEGACY: Final = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_PYTHON: Final = re.compile(r"python3\.([0-9]{1,2})")
_NAMES: Final[dict[str, Architecture]] = {
    "x86_64": "x86_64",
    "amd64": "x86_64",
    "aarch64": "aarch64",
    "arm64": "aarch64",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Where a service's sources run: Linux with glibc, a source runtime such as `python3.11`, and a processor."""

    runtime: str
    architecture: Architecture = "x86_64"

    @property
    def minor(self) -> int | None:
        """The minor version of Python 3; None where the runtime is another language's."""
        found = _PYTHON.fullmatch(self.runtime)
        return int(found.group(1)) if found else None

    def __str__(self) -> str:
        return f"{self.runtime} on {self.architecture}"


def architecture_of(machine: str) -> Architecture:
    """The architecture by any of its usual names, such as `platform.machine()` gives. Raises CapabilityError."""
    found = _NAMES.get(machine.lower())
    if found is None:
        raise CapabilityError(
            f"Python wheels are not chosen for {machine[:40]!r}.", hint=f"Known: {', '.join(sorted(_NAMES))}."
        )
    return found


def platform_names(platform: Platform) -> list[str]:
    """The platform parts of wheel tags that run there, the best first."""
    newest = GLIBC[1]
    names: list[str] = []
    for minor in range(newest, _OLDEST_GLIBC - 1, -1):
        names.append(f"manylinux_2_{minor}_{platform.architecture}")
        if minor in _LEGACY:
            names.append(f"{_LEGACY[minor]}_{platform.architecture}")
    return names


def platform_tags(platform: Platform, minor: int) -> list[Tag]:
    """Every wheel tag that runs there, the best first."""
    from packaging.tags import compatible_tags, cpython_tags

    names = platform_names(platform)
    version = (3, minor)
    interpreter = f"cp3{minor}"
    return [
        *cpython_tags(version, abis=[interpreter], platforms=names),
        *compatible_tags(version, interpreter=interpreter, platforms=names),
    ]


def marker_environment(platform: Platform, minor: int) -> dict[str, str]:
    """What environment markers see there (PEP 508). Parts that only a running system knows are empty."""
    return {
        "implementation_name": "cpython",
        "implementation_version": f"3.{minor}.0",
        "os_name": "posix",
        "platform_machine": platform.architecture,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"3.{minor}.0",
        "python_version": f"3.{minor}",
        "sys_platform": "linux",
        "extra": "",
    }
