"""The contract of a sandbox: a vendor's local stand-in. Entry points of the group `tenantry.sandboxes`.

A sandbox keeps all its state in one folder, listens on loopback only, and can be started again after a crash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tenantry.contract.runtime import Permission
    from tenantry.spec.capabilities import Capabilities
    from tenantry.spec.plan import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """One process of a sandbox. `address` is a URL or host:port, empty where it has none."""

    name: str
    state: Literal["running", "stopped", "failed"]
    pid: int | None = None
    address: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginFile:
    """A stand-in plugin: an executable, installed under the version that the vendor's SDK asks for."""

    name: str
    version: str
    path: Path


@runtime_checkable
class Sandbox(Protocol):
    """Local stand-in of one runtime's vendor."""

    @property
    def api_version(self) -> str:
        """The contract version that the sandbox was written for."""
        ...

    @property
    def name(self) -> str:
        """The runtime that it stands in for."""
        ...

    def up(self, folder: Path, progress: Callable[[str], None]) -> None:
        """Starts what is not running, returns when it answers. Doing it twice changes nothing. Raises SandboxError."""
        ...

    def down(self, folder: Path, progress: Callable[[str], None]) -> None:
        """Stops every process of the sandbox; the state stays."""
        ...

    def status(self, folder: Path) -> list[ServiceStatus]:
        """Every process, running or not."""
        ...

    def logs(self, folder: Path, service: str | None, *, follow: bool, tail: int) -> Iterator[tuple[str, str]]:
        """Pairs of service name and line."""
        ...

    def settings(self, folder: Path) -> Mapping[str, str]:
        """Environment variables that programs, plugins and adapters get in sandbox mode; no secret values, only paths.

        Keys begin with `TENANTRY_SANDBOX_`; `TENANTRY_SANDBOX_HTTP_PORT` and `TENANTRY_SANDBOX_HTTPS_PORT` are the
        gateway's.
        Raises SandboxError where the sandbox was never started.
        """
        ...

    def plugins(self, folder: Path) -> list[PluginFile]:
        """Stand-in plugins for the private PULUMI_HOME; empty where the official ones are to be used."""
        ...

    def accounts(self) -> Mapping[str, Mapping[str, Json]]:
        """Values of `runtime.account` that the stand-in serves, by a short name: one per variant that differs."""
        ...

    def resources(self, folder: Path, instance: str) -> list[str]:
        """What the stand-in holds of an instance, as the vendor names it; empty when nothing is left.

        Raises SandboxError.
        """
        ...


@runtime_checkable
class Answers(Protocol):
    """A sandbox whose adapter asks the vendor something in `connect`, such as which account the credentials are of."""

    def answers(self) -> Mapping[str, Mapping[str, Json]]:
        """Token of a function, or type of a resource that is read -> what the vendor would answer.

        The kit gives these answers where it records what the adapter declares; whatever else is asked there fails.
        """
        ...


@runtime_checkable
class Narrows(Protocol):
    """A sandbox that cannot do all that its runtime can."""

    def narrow(self, capabilities: Capabilities, settings: Mapping[str, str]) -> Capabilities:
        """The runtime's capabilities as far as the sandbox has them. `settings` as `settings()` gave them, or empty.

        Pure: what depends on the machine comes with the settings.
        """
        ...


@runtime_checkable
class Activity(Protocol):
    """A sandbox that tells what of an instance is at work. The kit asks it of an instance that is suspended."""

    def activity(self, folder: Path, instance: str) -> list[str]:
        """What runs of an instance or is due to start by itself: processes, copies of services, active schedules.

        Named as the vendor names it; empty for a suspended one. Raises SandboxError.
        """
        ...


@runtime_checkable
class LimitedAccess(Protocol):
    """A sandbox with credentials that may do little. The kit deploys with no more than `permissions` lists."""

    def limited(self, folder: Path, name: str, permissions: Sequence[Permission]) -> Mapping[str, str]:
        """What takes the place of entries of `settings`: credentials that may do what `permissions` lists, no more.

        `name` is the holder's: asked again with other permissions, the holder has those. Raises SandboxError.
        """
        ...


def loopback_address(host: str) -> str:
    """The IPv4 loopback address at which a sandbox's gateway serves `host` to callers that cannot resolve its name.

    Derived from the host name alone, so that an instance's URL is known before it is deployed: 127.1.0.0/16 to
    127.254.0.0/16.
    """
    digest = hashlib.sha256(host.lower().encode()).digest()
    return f"127.{digest[0] % 254 + 1}.{digest[1]}.{digest[2] % 254 + 1}"


def loopback_url(host: str, http_port: str | int) -> str:
    """The plain HTTP URL of `host` behind a sandbox's gateway."""
    return f"http://{loopback_address(host)}:{http_port}"
