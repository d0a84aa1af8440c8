"""The environment in which plain `pulumi` deploys an instance: names and paths, never a secret value."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry.errors import PreflightError, Problem, SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.spec.plan import Mode
    from tenantry_ops.project import Project

SANDBOX_PREFIX: Final = "TENANTRY_SANDBOX_"

ERROR_FILE: Final = "TENANTRY_ERROR_FILE"
"""Names a file to which the program writes its error as JSON, for the process that started the engine."""


def environment(project: Project, instance: str) -> dict[str, str]:
    """What `tenantry env <instance>` prints. Makes the state folder of a file backend where it is missing.

    Raises PreflightError where no engine is installed, SandboxError where the runtime's sandbox was never started,
    SpecError where the tenant file names a backend or key file that the settings do not have.
    """
    mode = project.mode
    variables = {
        "TENANTRY_ROOT": str(project.root),
        "TENANTRY_MODE": mode,
        "PULUMI_BACKEND_URL": backend_url(project, instance),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PATH": _path(engine_executable().parent),
    }
    key = passphrase_file(project, instance)
    if key is not None:
        variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(key)
    if sys.prefix != sys.base_prefix:
        variables["VIRTUAL_ENV"] = sys.prefix
    if mode == "sandbox":
        variables["PULUMI_HOME"] = str(project.sandbox_home)
        variables["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
        variables |= sandbox_settings(project, instance)
    return variables


def backend_url(project: Project, instance: str) -> str:
    """The URL of the instance's Pulumi backend; a relative `file://` is made absolute from the project's root.

    The folder of a file backend is made. Raises SpecError where the settings have no backend of that name.
    """
    name = _state(project, instance, "backend", "default")
    url = project.settings.backends.get(name)
    if url is None:
        raise _unknown(project, instance, "state.backend", name, project.settings.backends)
    folder = url.removeprefix("file://")
    if folder == url or folder.startswith("~"):
        return url
    absolute = Path(os.path.normpath(project.root / folder))
    absolute.mkdir(parents=True, exist_ok=True)
    return f"file://{absolute}"


def secrets_provider(project: Project, instance: str) -> str:
    """What encrypts the instance's state: `passphrase`, or the URL of a key service.

    Raises SpecError where the settings have none of the name that the tenant file gives.
    """
    chosen = _secrets(project, instance)
    return chosen if "://" in chosen else "passphrase"


def passphrase_file(project: Project, instance: str) -> Path | None:
    """The file with the key of the instance's state; None where a key service encrypts it. Raises SpecError."""
    chosen = _secrets(project, instance)
    if "://" in chosen:
        return None
    return Path(os.path.normpath(project.root / chosen.replace("{instance}", instance)))


def _secrets(project: Project, instance: str) -> str:
    name = _state(project, instance, "secrets", "passphrase-file")
    chosen = project.settings.secrets.get(name)
    if chosen is None:
        raise _unknown(project, instance, "state.secrets", name, project.settings.secrets)
    return chosen


def runtime_name(project: Project, instance: str) -> str | None:
    """The instance's runtime as its file says, without a check; None where it says none."""
    runtime = project.tenant_data(instance).get("runtime")
    name = runtime.get("on") if isinstance(runtime, dict) else None
    return name if isinstance(name, str) else None


def sandbox_settings(project: Project, instance: str) -> dict[str, str]:
    """What the sandbox of the instance's runtime says of itself. Raises SandboxError where it was never started."""
    from tenantry import registry

    name = runtime_name(project, instance)
    if name is None or name not in registry.sandboxes():
        return {}
    return dict(registry.sandbox(name).settings(project.sandbox_folder(name)))


def given_settings(mode: Mode) -> dict[str, str]:
    """What the environment says of the sandbox; empty when live."""
    if mode == "live":
        return {}
    return {name: value for name, value in os.environ.items() if name.startswith(SANDBOX_PREFIX)}


def engine_executable() -> Path:
    """The `pulumi` executable. Raises PreflightError where no supported engine is installed."""
    from tenantry_toolchain import engine

    found = engine.find()
    if found is None:
        raise PreflightError("The Pulumi engine is not installed.", hint="Install it: tenantry engine install")
    return found.pulumi


def _path(engine: Path) -> str:
    """The engine's folder first, then this Python's: the engine starts the program by the name `python`."""
    own = [str(engine), str(Path(sys.executable).parent)]
    rest = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder not in own]
    return os.pathsep.join([*own, *rest])


def _state(project: Project, instance: str, field: str, default: str) -> str:
    state = project.tenant_data(instance).get("state")
    value = state.get(field, default) if isinstance(state, dict) else default
    return value if isinstance(value, str) else default


def _unknown(project: Project, instance: str, path: str, name: str, known: Mapping[str, str]) -> SpecError:
    file = project.shown(project.tenant_file(instance))
    listed = ", ".join(known) or "none"
    return SpecError(
        [Problem(file=file, path=path, message=f"tenantry.yaml has no {name!r}", hint=f"it has: {listed}")]
    )
