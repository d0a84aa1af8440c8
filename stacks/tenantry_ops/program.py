"""The Pulumi program: every way to deploy an instance, plain `pulumi up` too, ends here."""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, cast

import pulumi

from tenantry.errors import PreflightError, TenantryError
from tenantry_ops.environment import ERROR_FILE, given_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.contract.scope import SourcePackage
    from tenantry.spec.plan import InstancePlan

_SHOWN: Final = 32
"""The exit status with which the language host is told that the message was shown."""


def main() -> None:
    """Declares the instance whose id is the stack's name, in the project at or above the current folder."""
    try:
        _declare()
    except TenantryError as error:
        _fail(error)


def _declare() -> None:
    from tenantry import registry
    from tenantry.instance import AppInstance
    from tenantry_ops import policies
    from tenantry_ops.plan_cache import prepare
    from tenantry_ops.project import Project
    from tenantry_ops.retired import adopted_secrets, check_retired
    from tenantry_ops.secrets import read_secret

    project = Project.find()
    instance = pulumi.get_stack()
    settings = given_settings(project.mode)
    prepared = prepare(project, instance, settings)
    _check_sandbox(prepared.plan, settings)
    for advice in prepared.advice:
        pulumi.log.warn(advice)
    check_retired(project, prepared.plan)
    policies.register(project, instance)
    made = AppInstance(
        prepared.plan,
        registry.runtime(prepared.plan.runtime.on),
        settings=settings,
        # A cached property is read like the protocol's property; pyright does not see it so.
        sources=cast("Mapping[str, SourcePackage]", prepared.sources),
        secret=partial(read_secret, project.root, instance),
        adopted=adopted_secrets(prepared.plan),
    )
    for name, value in made.exports.items():
        pulumi.export(name, value)


def _check_sandbox(plan: InstancePlan, settings: dict[str, str]) -> None:
    if plan.mode == "sandbox" and not settings:
        raise PreflightError(
            "The project is in sandbox mode, and the environment does not say where the sandbox is.",
            hint=f'Start it and take its environment: tenantry sandbox up && eval "$(tenantry env {plan.instance})"',
        )


def _fail(error: TenantryError) -> NoReturn:
    pulumi.log.error(str(error))
    file = os.environ.get(ERROR_FILE)
    if file:
        Path(file).write_text(json.dumps(error.to_json()), encoding="utf-8")
    sys.exit(_SHOWN)
