"""The project's settings, `tenantry.yaml`. Read without pydantic: the program that the engine runs reads them too."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from tenantry.errors import SpecError
from tenantry.spec.source import Finding
from tenantry.spec.yamlfile import read_document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tenantry.spec.plan import Json, Mode
    from tenantry.spec.source import Path as Place

FILE: Final = "tenantry.yaml"
SHIPPED: Final = "shipped"
"""The value of `catalogue` that means the templates of the installed package."""

PASSPHRASES: Final = ".tenantry/secrets/{instance}.passphrase"
STATE: Final = "file://.tenantry/state"

_FIELDS: Final = ("spec", "kind", "catalogue", "mode", "backends", "secrets")
_MODES: Final = ("sandbox", "live")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `tenantry.yaml` says.

    `backends` maps a name to the URL of a Pulumi backend. `secrets` maps a name to what encrypts a state: the path of a
    passphrase file in which `{instance}` stands for the instance id, or the URL of a key service. Tenant files choose
    by these names.
    """

    catalogue: str
    mode: Mode
    backends: Mapping[str, str]
    secrets: Mapping[str, str]


def read_settings(file: Path, name: str = FILE) -> Settings:
    """Reads and checks `tenantry.yaml`; what it leaves out has the default of a new project.

    Raises SpecError with every problem.
    """
    document = read_document(file, name=name)
    checker = _Checker(document.data)
    settings = checker.settings()
    problems = [*document.problems, *document.source.problems(checker.found)]
    if problems:
        raise SpecError(problems)
    return settings


class _Checker:
    def __init__(self, data: Json) -> None:
        self.found: list[Finding] = []
        self._data = self._mapping((), data)

    def settings(self) -> Settings:
        self._only(self._data, (), _FIELDS)
        self._constant("spec", "tenantry/v1")
        self._constant("kind", "Project")
        mode = self._data.get("mode", "sandbox")
        if mode not in _MODES:
            self._say(("mode",), "expected sandbox or live")
        return Settings(
            catalogue=self._text(("catalogue",), self._data.get("catalogue", "templates")),
            mode=cast("Mode", mode),
            backends=self._named("backends", ("url",), {"default": STATE}),
            secrets=self._named("secrets", ("path", "url"), {"passphrase-file": PASSPHRASES}),
        )

    def _named(self, section: str, fields: tuple[str, ...], default: dict[str, str]) -> dict[str, str]:
        if section not in self._data:
            return default
        values: dict[str, str] = {}
        for key, entry in self._mapping((section,), self._data[section]).items():
            inner = self._mapping((section, key), entry)
            self._only(inner, (section, key), fields)
            given = [field for field in fields if field in inner]
            if len(given) != 1:
                self._say((section, key), f"expected exactly one of: {', '.join(fields)}")
                continue
            values[key] = self._text((section, key, given[0]), inner[given[0]])
        return values

    def _constant(self, field: str, wanted: str) -> None:
        if self._data.get(field) != wanted:
            self._say((field,), f"expected {wanted}", f"write {field}: {wanted}")

    def _mapping(self, place: Place, value: Json) -> dict[str, Json]:
        if isinstance(value, dict):
            return value
        self._say(place, "expected a mapping")
        return {}

    def _text(self, place: Place, value: Json) -> str:
        if isinstance(value, str) and value:
            return value
        self._say(place, "expected a text that is not empty")
        return ""

    def _only(self, value: Mapping[str, Json], place: Place, allowed: tuple[str, ...]) -> None:
        for key in value:
            if key not in allowed:
                near = difflib.get_close_matches(key, allowed, 1)
                hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(allowed)}"
                self.found.append(Finding((*place, key), "there is no such field", hint, on_key=True))

    def _say(self, place: Place, message: str, hint: str = "") -> None:
        self.found.append(Finding(place, message, hint))
