"""Policies on resources, as a transformation of the stack: plain `pulumi up` obeys them as well."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pulumi

from tenantry.errors import PolicyError
from tenantry.policy.check import problem_of, waiver_of
from tenantry.policy.kinds import ResourcePolicy, Violation

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from tenantry.errors import Problem
    from tenantry.policy.load import Applied, PolicySet


def register(policies: PolicySet, instance: str, *, today: dt.date) -> None:
    """Has every resource that the program declares from now on checked; nothing is registered where no policy looks.

    A violated mandatory policy ends the program before the resource is sent to the engine. Inputs that a preview does
    not know yet are checked by the deployment, still before the resource is sent.
    """
    active = [
        applied
        for applied in policies.for_resources
        if applied.level != "off" and not _waived(policies, applied.policy.name, instance, today)
    ]
    if active:
        pulumi.runtime.register_stack_transformation(lambda args: _transform(active, args))


def _transform(
    active: list[Applied], args: pulumi.ResourceTransformationArgs
) -> pulumi.ResourceTransformationResult | None:
    concerned = [applied for applied in active if _looks_at(applied, args.type_)]
    if not concerned:
        return None
    known = {key: value for key, value in args.props.items() if not isinstance(value, pulumi.Output)}
    later: dict[str, pulumi.Output[Any]] = {
        key: value for key, value in args.props.items() if isinstance(value, pulumi.Output)
    }
    refused = _problems(concerned, args, known)
    if refused:
        raise PolicyError(_text(refused), problems=refused)
    if not later:
        return None

    def look(values: dict[str, Any]) -> dict[str, Any]:
        found = _problems(concerned, args, {**known, **values})
        if found:
            # Shown as it is, without a trace: this runs outside the program's own error handling.
            raise pulumi.RunError(_text(found))
        return values

    checked = pulumi.Output.all(**later).apply(look)
    held = {key: pulumi.Output.all(value, checked).apply(lambda both: both[0]) for key, value in later.items()}
    return pulumi.ResourceTransformationResult({**known, **held}, args.opts)


def _looks_at(applied: Applied, token: str) -> bool:
    policy = applied.policy
    return isinstance(policy, ResourcePolicy) and any(fnmatchcase(token, pattern) for pattern in policy.types)


def _problems(
    concerned: list[Applied], args: pulumi.ResourceTransformationArgs, inputs: Mapping[str, object]
) -> list[Problem]:
    refused: list[Problem] = []
    for applied in concerned:
        for violation in _violations(applied, args, inputs):
            problem = problem_of(applied, violation, f"{args.type_} {args.name}")
            if applied.level == "mandatory":
                refused.append(problem)
            else:
                pulumi.log.warn(str(problem))
    return refused


def _violations(
    applied: Applied, args: pulumi.ResourceTransformationArgs, inputs: Mapping[str, object]
) -> tuple[Violation, ...]:
    policy = applied.policy
    if not isinstance(policy, ResourcePolicy):
        return ()
    try:
        return tuple(policy.check(args.type_, args.name, inputs, applied.settings))
    except Exception as error:  # noqa: BLE001 - an operator's own code; a policy that fails must not let it pass
        return (Violation.of_failure(error),)


def _text(problems: list[Problem]) -> str:
    return "Policies refuse a resource:\n" + "\n".join(str(problem) for problem in problems)


def _waived(policies: PolicySet, policy: str, instance: str, today: dt.date) -> bool:
    waiver = waiver_of(policies, policy, instance)
    return waiver is not None and waiver.days_left(today) >= 0
