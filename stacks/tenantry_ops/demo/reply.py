"""What a deployed instance answers."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx

from tenantry.errors import SandboxError

if TYPE_CHECKING:
    from tenantry.spec.plan import InstancePlan

PATIENCE: Final = 60.0
"""Seconds until a deployed instance must answer."""

_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a deployed instance answered: the GET of its URL, and the version that the application itself reports."""

    instance: str
    runtime: str
    template: str
    url: str
    status: int
    body_sha256: str
    answered_version: str | None


def ask(client: httpx.Client, plan: InstancePlan, url: str, *, patience: float = PATIENCE, pause: float = 0.2) -> Reply:
    """GETs the URL until it answers without a server error, then the version at `/api/about`.

    Args:
        client: asks.
        plan: of the instance.
        url: where it should answer.
        patience: seconds until it must have answered.
        pause: seconds between two questions.

    Raises:
        SandboxError: nothing answered in time, or only server errors did.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            answer = client.get(url)
        except httpx.HTTPError as error:
            last = str(error) or type(error).__name__
        else:
            if answer.status_code < _SERVER_ERROR:
                return Reply(
                    instance=plan.instance,
                    runtime=plan.runtime.on,
                    template=str(plan.template),
                    url=url,
                    status=answer.status_code,
                    body_sha256=hashlib.sha256(answer.content).hexdigest(),
                    answered_version=version_of(client, url),
                )
            last = f"status {answer.status_code}"
        if time.monotonic() > deadline:
            raise SandboxError(
                f"{plan.instance}: {url} did not answer within {patience:.0f} s ({last}).",
                hint=f"Look at what it prints: tenantry logs {plan.instance}",
            )
        time.sleep(pause)


def version_of(client: httpx.Client, url: str) -> str | None:
    """The version that the application reports of itself; None where it has no such address."""
    try:
        document = client.get(f"{url}/api/about").json()
    except (httpx.HTTPError, ValueError):
        return None
    version = document.get("version") if isinstance(document, dict) else None
    return version if isinstance(version, str) else None
