"""What a stack's state holds, resource by resource."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenantry_ops.engine.events import name_of
from tenantry_ops.engine.stack import Stack
from tenantry_ops.engine.statefile import StateFile
from tenantry_ops.environment import backend_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry_ops.project import Project

_SPECIAL: Final = "4dabf18193072939515e22adb298388d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """One resource of the state. `id` is the vendor's; `outputs` holds secrets as the engine encrypted them.

    `custom`: whether it stands at a vendor because of this stack; not so components and what is only read.
    """

    urn: str
    type: str
    name: str
    id: str
    protected: bool
    retained: bool
    custom: bool
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


def read_resources(project: Project, instance: str, *, show_secrets: bool = False) -> list[Deployed] | None:
    """Every resource of the stack; None where there is no stack. Starts the engine only where the state is no file.

    With `show_secrets` the engine is started and secret outputs are plain; they must go nowhere but into another
    encrypted place. Raises EngineError, PreflightError.
    """
    state = StateFile.of(backend_url(project, instance), project.name, instance)
    if state is not None and not show_secrets:
        return _of_file(state)
    return resources_of(Stack.of(project, instance), show_secrets=show_secrets)


def resources_of(stack: Stack, *, show_secrets: bool = False) -> list[Deployed] | None:
    """As `read_resources`, for a stack that is known already."""
    if stack.state is not None and (not show_secrets or not stack.state.exists()):
        return _of_file(stack.state)
    done = stack.call("stack", "export", *(("--show-secrets",) if show_secrets else ()))
    deployment: dict[str, Any] = json.loads(done.stdout).get("deployment") or {}
    return [_resource(item) for item in deployment.get("resources") or ()]


def _of_file(state: StateFile) -> list[Deployed] | None:
    return [_resource(item) for item in state.resources()] if state.exists() else None


def plain_text(value: object) -> str | None:
    """An output as text, where it is one or a secret that is shown."""
    if isinstance(value, dict) and _SPECIAL in value and "plaintext" in value:
        value = json.loads(value["plaintext"])
    return value if isinstance(value, str) else None


def _resource(item: Mapping[str, Any]) -> Deployed:
    return Deployed(
        urn=item["urn"],
        type=item["type"],
        name=name_of(item["urn"]),
        id=item.get("id", ""),
        protected=bool(item.get("protect")),
        retained=bool(item.get("retainOnDelete")),
        custom=bool(item.get("custom")) and not item.get("external"),
        inputs=item.get("inputs") or {},
        outputs=item.get("outputs") or {},
    )
