"""Whether a project is ready: its settings, catalogue, runtimes, sandboxes, keys and stacks. Looks only."""

from __future__ import annotations

import stat
from functools import partial
from typing import TYPE_CHECKING

from tenantry.errors import PreflightError, TenantryError
from tenantry_toolchain.doctor import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tenantry_ops.project import Project


def project_checks(start: Path | None) -> list[Check]:
    """All checks of the project at or above a folder, and of the installed runtimes."""
    from tenantry_ops.project import Project

    found = list(_guarded("runtimes", _runtimes))
    try:
        project = Project.find(start)
    except PreflightError as error:
        return [*found, Check(name="project", state="warn", detail=error.message, hint=error.hint)]
    except TenantryError as error:
        return [*found, Check(name="project", state="fail", detail=error.message, hint=error.hint)]
    looks: tuple[tuple[str, Callable[[Project], Iterator[Check]]], ...] = (
        ("project", _project),
        ("catalogue", _catalogue),
        ("sandbox", _sandboxes),
        ("keys", _keys),
    )
    for name, look in looks:
        found.extend(_guarded(name, partial(look, project)))
    return found


def _guarded(name: str, look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from look()
    except TenantryError as error:
        yield Check(name=name, state="fail", detail=error.message, hint=error.hint or "Correct what the message names.")


def _runtimes() -> Iterator[Check]:
    from tenantry import registry

    names = registry.runtimes()
    for name in names:
        registry.runtime(name)
    if names:
        yield Check(name="runtimes", state="ok", detail=", ".join(names))
    else:
        yield Check(
            name="runtimes",
            state="fail",
            detail="none is installed",
            hint="Install one: pip install 'tenantry[kubernetes]'",
        )


def _project(project: Project) -> Iterator[Check]:
    count = len(project.instances())
    detail = f"{project.name} at {project.root}, mode {project.mode}, {count} instance{'' if count == 1 else 's'}"
    yield Check(name="project", state="ok", detail=detail)


def _catalogue(project: Project) -> Iterator[Check]:
    problems = project.catalogue.lock_problems()
    folder = project.catalogue_folder
    if problems:
        yield Check(
            name="catalogue",
            state="fail",
            detail=f"{folder}: {len(problems)} versions differ from the lock",
            hint="See which: tenantry catalogue check",
        )
    else:
        yield Check(name="catalogue", state="ok", detail=str(folder))


def _sandboxes(project: Project) -> Iterator[Check]:
    from tenantry import registry

    if project.mode != "sandbox":
        return
    for name in registry.sandboxes():
        services = registry.sandbox(name).status(project.sandbox_folder(name))
        down = [service.name for service in services if service.state != "running"]
        if services and not down:
            yield Check(name=f"sandbox {name}", state="ok", detail=f"{len(services)} processes run")
        else:
            detail = f"not running: {', '.join(down)}" if down and len(down) < len(services) else "does not run"
            yield Check(
                name=f"sandbox {name}", state="warn", detail=detail, hint=f"Start it: tenantry sandbox up {name}"
            )


def _keys(project: Project) -> Iterator[Check]:
    from tenantry_ops.environment import passphrase_file

    wrong = 0
    for instance in project.instances():
        file = passphrase_file(project, instance)
        if file is None:
            continue
        if not file.is_file():
            wrong += 1
            yield Check(
                name=f"key of {instance}",
                state="warn",
                detail=f"{project.shown(file)} is not on this machine",
                hint=f"Copy it from where the stack was made; for a new instance: tenantry new stack {instance}",
            )
        elif file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            wrong += 1
            yield Check(
                name=f"key of {instance}",
                state="fail",
                detail=f"{project.shown(file)} can be read by others",
                hint=f"Close it: chmod 600 {file}",
            )
    if not wrong and project.instances():
        yield Check(name="keys", state="ok", detail="every instance has a key that only you can read")
