"""Reads secret references. A value goes into a secret output and nowhere else: no message ever holds one."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from tenantry.errors import CapabilityError, PreflightError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pulumi

    from tenantry.spec.plan import Json, SecretSource

LARGEST: Final = 1024 * 1024
"""A secret file may have one MiB."""


def read_secret(root: Path, instance: str, source: SecretSource) -> pulumi.Output[str]:
    """The value behind a reference, as a secret output. For use inside a Pulumi program.

    Args:
        root: the project's folder; relative files are below it.
        instance: the stack's name, for the hint of a missing stack secret.
        source: the reference.

    Raises:
        PreflightError: the value is missing or cannot be read.
        CapabilityError: it comes from a token broker.
    """
    import pulumi

    if source.kind == "stack":
        try:
            return pulumi.Config().require_secret(source.name)
        except pulumi.ConfigMissingError:
            raise PreflightError(
                f"The stack {instance} has no secret {source.name!r} in its configuration.",
                hint=f"Set it: pulumi config set --secret {source.name} --stack {instance}",
            ) from None
    if source.kind == "broker":
        raise CapabilityError(
            f"The secret {{ref: {{broker: {source.name}}}}} comes from a token broker, and none is supported yet.",
            hint="Use {ref: {env: NAME}}, {ref: {file: PATH}} or {ref: {stack: NAME}}.",
        )
    if source.kind == "file":
        file = root / source.name
        if _is_open_to_others(file):
            pulumi.log.warn(
                f"Everybody on this machine can read the secret file {source.name}: chmod 600 {source.name}"
            )
    return pulumi.Output.secret(plain_secret(root, source.kind, source.name))


def plain_secret(root: Path, kind: str, name: str) -> str:
    """The value of an `env` or `file` reference; one line break at a file's end is dropped. Raises PreflightError."""
    if kind == "env":
        value = os.environ.get(name)
        if not value:
            raise PreflightError(
                f"The environment variable {name}, which a secret comes from, is not set.",
                hint=f"Set it: export {name}=…",
            )
        return value
    file = root / name
    try:
        with file.open("rb") as handle:
            raw = handle.read(LARGEST + 1)
    except OSError as error:
        raise PreflightError(
            f"The secret file {name} cannot be read: {error.strerror}.", hint=f"Put the value there: {file}"
        ) from None
    if len(raw) > LARGEST:
        raise PreflightError(f"The secret file {name} is larger than {LARGEST} bytes.", hint="Is it the right file?")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise PreflightError(f"The secret file {name} is not UTF-8 text.", hint="Is it the right file?") from None
    value = text.removesuffix("\n").removesuffix("\r")
    if not value:
        raise PreflightError(f"The secret file {name} is empty.", hint=f"Put the value there: {file}")
    return value


def references(data: Json) -> Iterator[tuple[str, str]]:
    """Kind and name of every `{ref: {kind: name}}` in a tenant file's data."""
    if isinstance(data, dict):
        ref = data.get("ref")
        if isinstance(ref, dict):
            yield from ((kind, name) for kind, name in ref.items() if isinstance(name, str))
        for value in data.values():
            yield from references(value)
    elif isinstance(data, list):
        for value in data:
            yield from references(value)


def _is_open_to_others(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
