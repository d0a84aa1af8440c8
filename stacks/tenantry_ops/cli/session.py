"""What one call of the command line carries: the global options, the project and the screen."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tenantry_ops.cli.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tenantry_ops.project import Project


@dataclass(slots=True)
class Session:
    """The global options as far as they are parsed, and what is made from them.

    `exit_code` is what the call ends with where no error is raised.
    """

    screen: Screen = field(default_factory=Screen)
    folder: Path | None = None
    exit_code: int = 0

    @classmethod
    def of(cls, args: Sequence[str]) -> Session:
        """A session for a command line that is not parsed yet: wrong usage must answer in JSON too."""
        options = list(args)[: list(args).index("--")] if "--" in args else args
        return cls(screen=Screen(as_json="--json" in options))

    def set_mode(self, mode: Literal["sandbox", "live"]) -> None:
        """Lets everything that this process does and starts run in a mode."""
        os.environ["TENANTRY_MODE"] = mode

    def project(self) -> Project:
        """The project of `--project` or of the current folder. Raises PreflightError where there is none."""
        from tenantry_ops.project import Project

        return Project.find(self.folder)

    def instance_project(self, instance: str) -> Project:
        """The project, which has this instance. Raises PreflightError where it has not."""
        from tenantry.errors import PreflightError

        project = self.project()
        if not (project.tenant_file(instance).is_file() or project.stack_file(instance).is_file()):
            from difflib import get_close_matches

            near = get_close_matches(instance, project.instances(), n=1)
            known = ", ".join(project.instances()[:20]) or "none yet"
            raise PreflightError(
                f"There is no instance {instance!r} in {project.root}.",
                hint=f"Did you mean {near[0]!r}?" if near else f"Its instances: {known}.",
            )
        return project
