"""A stack's own settings, and its end."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from tenantry_ops.engine.stack import COMMON, Stack

if TYPE_CHECKING:
    from tenantry_ops.project import Project


def set_secret(project: Project, instance: str, key: str, value: str) -> None:
    """Encrypts a value into `Pulumi.<instance>.yaml`; it never stands on a command line. Raises EngineError."""
    stack = Stack.of(project, instance)
    # The engine reads a value that is not on the command line from its input.
    done = subprocess.run(
        [str(stack.executable), "config", "set", key, "--secret", "--stack", instance, *COMMON],
        cwd=project.root,
        env=stack.environment,
        input=value,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise stack.error("config", done.returncode, done.stderr)


def remove_setting(project: Project, instance: str, key: str) -> None:
    """Takes a key out of `Pulumi.<instance>.yaml`; a missing one is fine. Raises EngineError."""
    if key.encode() in project.stack_file(instance).read_bytes():
        Stack.of(project, instance).call("config", "rm", key)


def has_setting(project: Project, instance: str, key: str) -> bool:
    """Whether `Pulumi.<instance>.yaml` has a key."""
    try:
        return f"{key}:" in project.stack_file(instance).read_text(encoding="utf-8")
    except OSError:
        return False


def remove_stack(project: Project, instance: str, *, history: bool) -> None:
    """Removes an empty stack from the backend; its settings file and key stay. A missing stack is fine.

    `history`: whether earlier states go too, where the backend is a folder. Raises EngineError.
    """
    stack = Stack.of(project, instance)
    if stack.state is None or stack.state.exists():
        stack.call("stack", "rm", "--yes", "--preserve-config")
    if history and stack.state is not None:
        for file in stack.state.leftovers():
            if file.is_dir():
                shutil.rmtree(file, ignore_errors=True)
            else:
                file.unlink(missing_ok=True)
