"""Keeps secret values out of everything that is shown, logged or raised."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Any, Final

from tenantry.errors import TenantryError
from tenantry_ops.engine.events import SECRET
from tenantry_ops.environment import passphrase_file
from tenantry_ops.secrets import plain_secret, references

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenantry_ops.project import Project

SHORTEST: Final = 4
"""Shorter values are not looked for: they would tear ordinary words apart."""


class Redactor:
    """Replaces known secret values in texts."""

    def __init__(self, values: Iterable[str]) -> None:
        lines = {line for value in values for line in (value, *value.splitlines()) if len(line.strip()) >= SHORTEST}
        longest_first = sorted(lines, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        """The text without any of the values."""
        return text if self._pattern is None else self._pattern.sub(SECRET, text)

    def value(self, value: Any) -> Any:  # noqa: ANN401 - a JSON value
        """A JSON value without any of the values, in keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in value.items()}
        return [self.value(item) for item in value] if isinstance(value, list) else value


def redactor(project: Project, instance: str) -> Redactor:
    """Knows what the tenant file refers to by `env` and `file`, and the key of the state.

    Secrets of the stack's own configuration are encrypted and reach the engine only.
    """
    values: list[str] = []
    with contextlib.suppress(TenantryError):
        for kind, name in references(project.tenant_data(instance)):
            values += _values(project, kind, name)
    with contextlib.suppress(TenantryError, OSError, UnicodeDecodeError):
        key = passphrase_file(project, instance)
        if key is not None:
            values.append(key.read_text(encoding="utf-8").strip())
    return Redactor(values)


def _values(project: Project, kind: str, name: str) -> list[str]:
    # A reference to an environment variable may be the common beginning of several: NAME_SECRET_ID, NAME_TOKEN.
    found = [value for key, value in os.environ.items() if kind == "env" and key.startswith(f"{name}_")]
    with contextlib.suppress(TenantryError):
        if kind in {"env", "file"}:
            found.append(plain_secret(project.root, kind, name))
    return found
