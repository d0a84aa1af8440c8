"""What comes out of one run of the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tenantry.errors import EngineError

if TYPE_CHECKING:
    from tenantry_ops.engine.events import Diagnostic

Operation: TypeAlias = Literal["preview", "up", "refresh", "destroy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineResult:
    """A finished operation.

    `changes`: the engine's word for an operation -> how many resources. `outputs`: the stack's outputs, secrets as
    `[secret]`, values that a preview does not know as `[unknown]`. `seconds`: wall time. `diagnostics`: what was said.
    `fingerprint`: of the deployed plan, as the identity has it; None where the operation did not come to it.
    `repaired`: whether something that an earlier run left had to be put right first.
    """

    operation: Operation
    changes: dict[str, int]
    outputs: dict[str, Any]
    seconds: float
    diagnostics: tuple[Diagnostic, ...] = ()
    repaired: bool = False
    fingerprint: str | None = None


class InterruptedRunError(EngineError):
    """Somebody asked the operation to end before it was done."""

    exit_code = 130


class LockedError(EngineError):
    """The backend says that the stack is locked."""


class NoStackError(EngineError):
    """The backend says that there is no such stack."""
