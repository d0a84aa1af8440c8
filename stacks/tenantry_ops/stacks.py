"""The stack of an instance: its passphrase file and its place in the backend."""

from __future__ import annotations

import os
import secrets
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry.errors import EngineError, PreflightError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry_ops.project import Project

_FILE_SCHEME: Final = "file://"


def ensure_passphrase(file: Path, stack_file: Path, instance: str) -> bool:
    """Makes the passphrase file of an instance where it is missing: readable by its owner only, 256 random bits.

    Args:
        file: the passphrase file.
        stack_file: `Pulumi.<instance>.yaml`; a salt in it means that a passphrase was in use already.
        instance: for messages.

    Returns:
        Whether the file was made now.

    Raises:
        PreflightError: the stack was made with a passphrase that is not here, or the file cannot be written.
    """
    if file.is_file():
        return False
    if stack_file.is_file() and "encryptionsalt:" in stack_file.read_text(encoding="utf-8"):
        raise PreflightError(
            f"The stack {instance!r} was made with a passphrase that is not on this machine: {file} is missing.",
            hint=f"Copy that file from where the stack was made; if it was never deployed, remove {stack_file}.",
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as opened:
            opened.write(secrets.token_urlsafe(32) + "\n")
    except OSError as error:
        if file.is_file():
            return False
        raise PreflightError(
            f"The passphrase file {file} cannot be written: {error.strerror}.",
            hint="Make its folder writable, or choose another under `secrets` in tenantry.yaml.",
        ) from error
    return True


def ensure_stack(project: Project, instance: str, progress: Callable[[str], None]) -> bool:
    """Makes the passphrase file and the stack of an instance where they are missing. Doing it twice changes nothing.

    Needs no running sandbox: a stack can be made before anything is deployed.

    Returns:
        Whether the stack was made now.

    Raises:
        PreflightError: see `ensure_passphrase`; or the engine is not there and could not be installed.
        SpecError: the tenant file names a backend or a key file that the settings do not have.
        EngineError: the engine refused.
    """
    from tenantry_ops.environment import backend_url, passphrase_file

    backend = backend_url(project, instance)
    passphrase = passphrase_file(project, instance)
    if passphrase is not None:
        ensure_passphrase(passphrase, project.stack_file(instance), instance)
    if _is_known(backend, project.name, instance) and project.stack_file(instance).is_file():
        return False
    progress(f"{instance}: making the stack")
    return _init(project, instance, backend, passphrase, progress)


def _is_known(backend: str, project: str, instance: str) -> bool:
    """Whether a file backend holds the stack; False for other backends: there `stack init` itself says so."""
    if not backend.startswith(_FILE_SCHEME):
        return False
    stacks = Path(backend.removeprefix(_FILE_SCHEME)) / ".pulumi" / "stacks" / project
    return any((stacks / f"{instance}.json{packed}").is_file() for packed in ("", ".gz", ".zst"))


def _init(
    project: Project, instance: str, backend: str, passphrase: Path | None, progress: Callable[[str], None]
) -> bool:
    """`pulumi stack init`; False where the stack exists already. Raises EngineError, PreflightError."""
    from tenantry_ops.environment import secrets_provider
    from tenantry_toolchain import engine

    variables = {"PULUMI_BACKEND_URL": backend, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    if passphrase is not None:
        variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(passphrase)
    if project.mode == "sandbox":
        variables["PULUMI_HOME"] = str(project.sandbox_home)
    inherited = {name: text for name, text in os.environ.items() if name != "PULUMI_CONFIG_PASSPHRASE"}
    options = ["--secrets-provider", secrets_provider(project, instance), "--no-select", "--non-interactive"]
    done = subprocess.run(
        [str(engine.ensure(progress).pulumi), "stack", "init", instance, *options],
        cwd=project.root,
        env=inherited | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return True
    if "already exists" in done.stderr:
        return False
    raise EngineError(
        f"The stack {instance!r} could not be made: {done.stderr.strip().removeprefix('error: ')}",
        hint="Correct what the engine names and run the same command again: what was made already stays.",
    )
