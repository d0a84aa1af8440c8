"""The project's sandboxes: started through the registry, their stand-in plugins put where only sandbox mode looks."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
from typing import TYPE_CHECKING, Final

from filelock import FileLock

from tenantry import registry
from tenantry.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tenantry.contract.sandbox import PluginFile
    from tenantry_ops.project import Project

_ANSWERS_WITHIN: Final = 5.0
"""Seconds in which a gateway on this machine must take a connection."""


def chosen(name: str | None) -> Sequence[str]:
    """The sandbox with this name, or all installed ones. Raises AdapterError for an unknown name."""
    if name is None:
        return registry.sandboxes()
    registry.sandbox(name)
    return [name]


def require(project: Project, instance: str) -> None:
    """In sandbox mode: asks the gateway of the instance's sandbox whether it is there, before an engine waits in vain.

    Raises:
        SandboxError: it was never started, or does not run.
        SpecError: the tenant file cannot be read.
    """
    from tenantry_ops.environment import runtime_name, sandbox_settings

    if project.mode != "sandbox":
        return
    port = sandbox_settings(project, instance).get("TENANTRY_SANDBOX_HTTP_PORT")
    if port is None:
        return
    try:
        socket.create_connection(("127.0.0.1", int(port)), timeout=_ANSWERS_WITHIN).close()
    except OSError as error:
        name = runtime_name(project, instance)
        raise SandboxError(
            f"The sandbox {name!r} does not run.", hint=f"Start it, its state is kept: tenantry sandbox up {name}"
        ) from error


def start(project: Project, name: str, progress: Callable[[str], None]) -> None:
    """Starts a sandbox and installs its stand-in plugins; what runs and is installed stays as it is.

    Raises:
        SandboxError: it could not be started, or a plugin could not be installed.
        EngineError: the engine is not there and could not be installed.
    """
    sandbox = registry.sandbox(name)
    folder = project.sandbox_folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    sandbox.up(folder, progress)
    home = project.sandbox_home
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / ".install.lock"):
        for plugin in sandbox.plugins(folder):
            _install(home, plugin, progress)


def _install(home: Path, plugin: PluginFile, progress: Callable[[str], None]) -> None:
    """Installs a plugin where it is missing or another build of it is installed."""
    from tenantry_toolchain import engine

    folder = home / "plugins" / f"resource-{plugin.name}-v{plugin.version}"
    note = folder.with_suffix(".tenantry")
    digest = hashlib.sha256(plugin.path.read_bytes()).hexdigest()
    if folder.is_dir() and note.is_file() and note.read_text() == digest:
        return
    progress(f"installing the stand-in plugin {plugin.name} {plugin.version}")
    command = ["plugin", "install", "resource", plugin.name, plugin.version, "--file", str(plugin.path), "--reinstall"]
    done = subprocess.run(
        [str(engine.ensure(progress).pulumi), *command],
        env=os.environ | {"PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"},
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SandboxError(
            f"The stand-in plugin {plugin.name} {plugin.version} could not be installed: {done.stderr.strip()[-500:]}",
            hint=f"Remove {home} and run `tenantry sandbox up` again.",
        )
    note.write_text(digest)
