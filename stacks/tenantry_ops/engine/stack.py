"""How the engine is called for one instance, and the calls beside an operation itself."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenantry.errors import EngineError, TenantryError
from tenantry_ops.engine.diagnosis import Failure, diagnose
from tenantry_ops.engine.process import RUN, Command, Finished, call
from tenantry_ops.engine.redaction import redactor
from tenantry_ops.engine.statefile import StateFile
from tenantry_ops.environment import engine_executable, environment, passphrase_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tenantry_ops.engine.redaction import Redactor
    from tenantry_ops.project import Project

COMMON: tuple[str, ...] = ("--non-interactive", "--color", "never")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One instance's stack and how the engine is called for it. `key` is what messages call the key file."""

    project: Project
    instance: str
    executable: Path
    environment: dict[str, str]
    state: StateFile | None
    redactor: Redactor
    key: str

    @classmethod
    def of(cls, project: Project, instance: str, run: str = "") -> Stack:
        """Raises what `environment` raises; the engine is not started.

        `run` marks every process; a random mark is taken where it is empty.
        """
        variables = os.environ | environment(project, instance)
        variables |= {RUN: run or uuid.uuid4().hex, "PULUMI_DEBUG_COMMANDS": "true"}
        # A passphrase of the caller's shell would win over the instance's own key file.
        variables.pop("PULUMI_CONFIG_PASSPHRASE", None)
        key = passphrase_file(project, instance)
        return cls(
            project=project,
            instance=instance,
            executable=engine_executable(),
            environment=dict(variables),
            state=StateFile.of(variables["PULUMI_BACKEND_URL"], project.name, instance),
            redactor=redactor(project, instance),
            key=project.shown(key) if key is not None else "the key service",
        )

    def command(self, *arguments: str) -> Command:
        """A call of the engine for this stack."""
        return Command(
            executable=self.executable,
            arguments=[*arguments, "--stack", self.instance, *COMMON],
            folder=self.project.root,
            environment=self.environment,
        )

    def call(self, *arguments: str) -> Finished:
        """Runs a short command. Raises the TenantryError that fits where it fails."""
        done = call(self.command(*arguments))
        if done.status:
            raise self.error(arguments[0], done.status, done.stderr)
        return done

    def error(self, operation: str, status: int, stderr: str) -> TenantryError:
        """The error for a failed short command."""
        failure = Failure(
            instance=self.instance,
            operation=operation,
            status=status,
            diagnostics=(),
            stderr=self.redactor.text(stderr),
            key=self.key,
        )
        return diagnose(failure, tuple)


def read_outputs(project: Project, instance: str, *, show_secrets: bool = False) -> dict[str, Any]:
    """The deployed instance's outputs; secrets are `[secret]` unless asked for. Starts the engine once.

    Raises EngineError where the instance was never deployed.
    """
    stack = Stack.of(project, instance)
    if stack.state is not None and not stack.state.exists():
        raise never_deployed(instance)
    arguments: Sequence[str] = ("--show-secrets",) if show_secrets else ()
    done = stack.call("stack", "output", "--json", *arguments)
    outputs: dict[str, Any] = json.loads(done.stdout)
    return outputs


def never_deployed(instance: str) -> EngineError:
    """The error for an instance without a stack."""
    return EngineError(f"{instance} was never deployed.", hint=f"Deploy it: tenantry up {instance}")
