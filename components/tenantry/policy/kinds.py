"""What a policy is, and the two decorators with which a project writes its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tenantry.spec.plan import InstancePlan, Json

Level: TypeAlias = Literal["mandatory", "advisory", "off"]
"""`mandatory` stops the operation, `advisory` is only said, `off` is not looked at."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that a policy does not allow.

    `path` is dotted, as in the tenant file or template (`runtime.region`, `media.public`); of a resource it is the
    property. `hint` says what to write instead.
    """

    path: str
    message: str
    hint: str = ""

    @classmethod
    def of_failure(cls, error: Exception) -> Violation:
        """A policy that fails counts as violated: it never lets anything pass."""
        return cls("", f"the policy itself failed: {type(error).__name__}: {error}", "mend the policy")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPolicy:
    """A rule about a whole plan. `check` gets the plan and the policy's settings from `policies.yaml`; it is pure."""

    name: str
    description: str
    level: Level
    check: Callable[[InstancePlan, Mapping[str, Json]], Iterable[Violation]]
    settings: frozenset[str] = frozenset()
    """Names that its settings may have; a name that is missing here is refused, so that a typing mistake is seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePolicy:
    """A rule about single resources as they are declared.

    `types` are glob patterns over Pulumi type tokens (`kubernetes:core/v1:*`). `check` gets the type token, the logical
    name and the inputs once they are known; unknown inputs are looked at by the deployment that knows them.
    """

    name: str
    description: str
    level: Level
    types: tuple[str, ...]
    check: Callable[[str, str, Mapping[str, object], Mapping[str, Json]], Iterable[Violation]]
    settings: frozenset[str] = frozenset()


def plan_policy(
    name: str, description: str, *, level: Level = "mandatory", settings: Iterable[str] = ()
) -> Callable[[Callable[[InstancePlan, Mapping[str, Json]], Iterable[Violation]]], PlanPolicy]:
    """Makes a policy of a function `(plan, settings) -> violations`; the file may give it another `level`."""

    def make(check: Callable[[InstancePlan, Mapping[str, Json]], Iterable[Violation]]) -> PlanPolicy:
        return PlanPolicy(name=name, description=description, level=level, check=check, settings=frozenset(settings))

    return make


def resource_policy(
    name: str, description: str, *, types: Sequence[str], level: Level = "mandatory", settings: Iterable[str] = ()
) -> Callable[
    [Callable[[str, str, Mapping[str, object], Mapping[str, Json]], Iterable[Violation]]],
    ResourcePolicy,
]:
    """Makes a policy of a function `(type, name, inputs, settings) -> violations`."""

    def make(
        check: Callable[[str, str, Mapping[str, object], Mapping[str, Json]], Iterable[Violation]],
    ) -> ResourcePolicy:
        return ResourcePolicy(
            name=name,
            description=description,
            level=level,
            types=tuple(types),
            check=check,
            settings=frozenset(settings),
        )

    return make
