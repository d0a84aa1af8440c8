"""A plan against a project's policies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tenantry.errors import PolicyError, Problem
from tenantry.policy.kinds import PlanPolicy, Violation

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from tenantry.policy.load import Applied, PolicySet
    from tenantry.policy.settings import Waiver
    from tenantry.spec.plan import InstancePlan, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the policies say of one plan: violations that stop it, that are only said, and that a waiver covers."""

    refused: tuple[Problem, ...] = ()
    advised: tuple[Problem, ...] = ()
    waived: tuple[Problem, ...] = ()

    def raise_refused(self, instance: str) -> None:
        """Raises PolicyError where a mandatory policy is violated."""
        if self.refused:
            problems = "\n".join(str(problem) for problem in self.refused)
            raise PolicyError(
                f"Policies refuse {instance}:\n{problems}",
                hint="Change what they name, or have a waiver with an end date written into policies/policies.yaml.",
                problems=self.refused,
            )


def check_plan(policies: PolicySet, plan: InstancePlan, *, today: dt.date, file: str) -> Outcome:
    """Every violation of a plan.

    Args:
        policies: what applies.
        plan: the resolved plan.
        today: the day in UTC by which waivers are judged.
        file: the tenant file, for the messages.
    """
    refused: list[Problem] = []
    advised: list[Problem] = []
    waived: list[Problem] = []
    for applied in policies.applied:
        policy = applied.policy
        if not isinstance(policy, PlanPolicy) or applied.level == "off":
            continue
        for violation in _violations(policy, plan, applied.settings):
            problem = problem_of(applied, violation, file)
            waiver = waiver_of(policies, policy.name, plan.instance)
            if waiver is not None and waiver.days_left(today) >= 0:
                waived.append(problem)
                continue
            if waiver is not None:
                problem = _expired(problem, waiver)
            (refused if applied.level == "mandatory" else advised).append(problem)
    return Outcome(refused=tuple(refused), advised=tuple(advised), waived=tuple(waived))


def waiver_of(policies: PolicySet, policy: str, instance: str) -> Waiver | None:
    """The waiver with the latest end."""
    found = [each for each in policies.waivers if (each.policy, each.instance) == (policy, instance)]
    return max(found, key=lambda each: each.until, default=None)


def problem_of(applied: Applied, violation: Violation, file: str) -> Problem:
    """A violation as a problem of the tenant file."""
    message = f"{violation.message} [{applied.policy.name}]"
    return Problem(file=file, path=violation.path, message=message, hint=violation.hint)


def _violations(policy: PlanPolicy, plan: InstancePlan, settings: Mapping[str, Json]) -> Iterable[Violation]:
    try:
        return tuple(policy.check(plan, settings))
    except Exception as error:  # noqa: BLE001 - an operator's own code; a policy that fails must not let a plan pass
        return (Violation.of_failure(error),)


def _expired(problem: Problem, waiver: Waiver) -> Problem:
    return replace(problem, message=f"{problem.message}; its waiver ended on {waiver.until}")
