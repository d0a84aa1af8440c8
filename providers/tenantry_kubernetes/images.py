"""The images that run packed sources, and the user each one runs as.

Pod Security `restricted` refuses root. The official Python image names no user and so runs as root: pods of it get a
user and a group by number, and everything that they write lies on volumes of that group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.errors import CapabilityError
from tenantry.spec.capabilities import Provenance

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownImage:
    """An image that runs packed sources. `user` is what the image's own configuration says, None for none (root).

    `run_as`: the numeric user and group that its pods run as. `python`: its interpreter. `env`: what its language needs
    in a container, where the service does not say otherwise.
    """

    runtime: str
    image: str
    user: str | None
    run_as: int
    python: str
    env: Mapping[str, str]
    provenance: Provenance


_PYTHON_ENV: Final = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}

STOCK: Final = KnownImage(
    runtime="python3.11",
    image="docker.io/library/python:3.11-slim",
    user=None,
    run_as=10001,
    python="python",
    env=_PYTHON_ENV,
    provenance=Provenance(
        kind="documented",
        source="https://github.com/docker-library/python, 3.11/slim-trixie/Dockerfile: no USER",
        on="2026-11-23",
    ),
)
"""The image of sites, of unpacking, and of services in Python 3.11."""

KNOWN: Final[Mapping[str, KnownImage]] = {STOCK.runtime: STOCK}
"""Source runtime -> its image."""


def image_of(runtime: str, overrides: Mapping[str, str]) -> str:
    """The image for a source runtime: the account's, else the stock one. Raises CapabilityError."""
    if runtime in overrides:
        return overrides[runtime]
    return known(runtime).image


def known(runtime: str) -> KnownImage:
    """What is known of the image for a source runtime. Raises CapabilityError for a runtime without one."""
    try:
        return KNOWN[runtime]
    except KeyError:
        raise CapabilityError(
            f"Kubernetes has no image for the runtime {runtime!r}.",
            hint=f"Use one of {', '.join(sorted(KNOWN))}, or give the component an image instead of a source.",
        ) from None
