"""One-off runs of a service's command, and the lock around what must not happen twice at once.

Both are small protocols that an adapter may add, found by isinstance. They are called where no plan is at hand: inside
the provider of our own resources, with the environment of plain `pulumi`, and by commands.

What a runtime must be able to do for `Tasks` is little: start the service's code with another command, in the service's
environment, tell how it ended, and find a run again by the name that it was given. Jobs can, and so can a function that
is invoked once, or a service version that gets no traffic. How long a run may take is the limit
`migrate.timeout_seconds` of the capabilities: more is refused at resolve.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from tenantry.spec.plan import InstancePlan, Json, Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRef:
    """Which instance, and where: all that an adapter needs to reach it beside the variables of the credentials.

    `account` is `runtime.account` of the plan: it refers to secrets and holds none.
    """

    tenant: str
    instance: str
    mode: Mode
    runtime: str
    region: str | None
    account: dict[str, Json]

    @classmethod
    def of(cls, plan: InstancePlan) -> InstanceRef:
        """The reference to a plan's instance."""
        return cls(
            tenant=plan.tenant,
            instance=plan.instance,
            mode=plan.mode,
            runtime=plan.runtime.on,
            region=plan.runtime.region,
            account=plan.runtime.account,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """One run of a command of a service.

    `id` is 8 to 40 lower-case letters, digits and `-`: what succeeded under an id is never run again under it, what
    still runs is waited for, what failed is run anew. `timeout` in seconds, from its start. `spec` is what the adapter
    itself said of the service when it declared it, in its own words; it may hold secrets.
    """

    instance: InstanceRef
    id: str
    component: str
    command: tuple[str, ...]
    timeout: int
    spec: dict[str, Json] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """How a run ended.

    `exit_code` is None where the runtime does not tell. `log`: its last lines, secrets removed. `found`: it had
    succeeded before, and was not run again.
    """

    outcome: Literal["succeeded", "failed", "timeout"]
    exit_code: int | None = None
    log: tuple[str, ...] = ()
    found: bool = False


@runtime_checkable
class Tasks(Protocol):
    """An adapter that runs commands of its services once."""

    def run_task(
        self, request: TaskRequest, environment: Mapping[str, str], progress: Callable[[str], None]
    ) -> TaskResult:
        """Runs a command to its end, after at most `timeout` seconds; it is then gone or has ended.

        `environment` holds the credentials' variables. Raises TaskError where it cannot be started, or another task of
        the instance is running; VendorError.
        """
        ...


@runtime_checkable
class Locks(Protocol):
    """An adapter that can keep others away from an instance's data."""

    def hold(
        self, instance: InstanceRef, holder: str, purpose: str, environment: Mapping[str, str]
    ) -> AbstractContextManager[None]:
        """Holds the instance's only lock, at most a minute longer than the process that took it lives.

        The same `holder` (a name that a repeat of the same work gives again) takes over at once what it held before.
        `purpose` is shown to others. Raises TaskError where somebody else holds it.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRequest:
    """What the instance needs no more. `keep`: names of what the deployed version uses, in the vendor's words."""

    instance: InstanceRef
    keep: tuple[str, ...]


@runtime_checkable
class Sweeps(Protocol):
    """An adapter that leaves what earlier versions use in place while a new one rolls, and clears it up afterwards."""

    def sweep(self, request: SweepRequest, environment: Mapping[str, str]) -> tuple[str, ...]:
        """Removes what neither the deployed version nor anything that runs uses; names what was removed.

        Called after a successful roll. Doing it twice removes nothing more. Raises VendorError.
        """
        ...
