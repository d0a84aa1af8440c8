"""The spec reference of the documentation, made from the schema: `python -m tenantry.spec.reference en docs/en/…`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from tenantry.spec.bindings import BINDABLE, FIELDS, variable
from tenantry.spec.names import WORDS
from tenantry.spec.reference_prose import PROSE
from tenantry.spec.reference_zh import TEXTS
from tenantry.spec.schema import compose
from tenantry.spec.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.spec.schema import Schema

Language: TypeAlias = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")


def reference(language: Language) -> str:
    """The whole page as Markdown. Raises KeyError where a text has no translation."""
    return _Page(language).text()


class _Page:
    def __init__(self, language: Language) -> None:
        self._language = language
        self._prose = PROSE[language]
        self._schemas = compose({})

    def text(self) -> str:
        parts = [self._prose["head"]]
        for kind, schema in self._schemas.items():
            parts.append(f"## {self._prose[kind]}\n\n{self._prose[f'{kind}-intro']}")
            parts.append(self._table(schema))
            parts += self._definitions(schema)
        parts += [self._prose["interpolation"], *self._bindings(), self._prose["settings"], self._settings()]
        parts.append(self._prose["formats"] + "\n" + self._formats())
        return "\n\n".join(part.strip("\n") for part in parts) + "\n"

    def _definitions(self, schema: Schema) -> Iterator[str]:
        for name, definition in schema.get("$defs", {}).items():
            if "properties" in definition:
                intro = self._say(definition.get("description", ""))
                yield f"### {name}\n\n{intro}\n\n{self._table(definition)}"

    def _table(self, schema: Schema) -> str:
        needed = set(schema.get("required", ()))
        rows = [
            f"| `{name}` | {self._type(field)} | {self._default(name, field, needed)} "
            f"| {_cell(self._say(field.get('description', '')))} |"
            for name, field in schema["properties"].items()
        ]
        return f"{self._prose['columns']}\n|---|---|---|---|\n" + "\n".join(rows)

    def _default(self, name: str, field: Schema, needed: set[str]) -> str:
        if name in needed:
            return self._prose["required"]
        return f"`{json.dumps(field['default'], ensure_ascii=False)}`" if "default" in field else ""

    def _type(self, field: Schema) -> str:
        if "$ref" in field:
            name = str(field["$ref"]).rpartition("/")[2]
            return self._prose["any"] if name == "JsonValue" else f"[{name}](#{name.lower()})"
        for members in (field.get("anyOf"), field.get("oneOf")):
            if members:
                return _cell(self._prose["or"].join(dict.fromkeys(self._type(member) for member in members)))
        if "const" in field or "enum" in field:
            return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
        if field.get("type") == "object":
            inner = next(iter(field.get("patternProperties", {}).values()), None)
            return f"{self._prose['object']} → {self._type(inner)}" if inner else self._prose["object"]
        if field.get("type") == "array":
            return f"{self._prose['array']}: {self._type(field['items'])}"
        return self._prose.get(str(field.get("type")), self._prose["any"])

    def _bindings(self) -> Iterator[str]:
        yield self._prose["bindings"]
        for kind in BINDABLE:
            example = {"database": "orders", "bucket": "media"}[kind]
            rows = [
                f"| `{field}` | `{variable(example, field)}` | {self._prose['yes'] if secret else ''} |"
                for field, secret in FIELDS[kind].items()
            ]
            head = self._prose["binding-columns"]
            yield f"### {kind}: `{example}`\n\n{head}\n|---|---|---|\n" + "\n".join(rows)

    def _settings(self) -> str:
        rows = [f"| {kind} | {', '.join(f'`{name}`' for name in names)} |" for kind, names in SETTINGS.items()]
        return f"{self._prose['settings-columns']}\n|---|---|\n" + "\n".join(rows)

    def _formats(self) -> str:
        rows = [f"| {words} | `{_cell(pattern)}` |" for pattern, words in WORDS.items()]
        return f"{self._prose['formats-columns']}\n|---|---|\n" + "\n".join(rows)

    def _say(self, text: str) -> str:
        return text if self._language == "en" or not text else TEXTS[text]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def missing_translations() -> set[str]:
    """Texts of the models that have no Chinese form."""
    return {text for text in _descriptions(compose({})) if text not in TEXTS}


def unused_translations() -> set[str]:
    """Chinese texts whose English form no model carries any more."""
    return set(TEXTS) - set(_descriptions(compose({})))


def _descriptions(node: Mapping[str, Any] | list[Any]) -> Iterator[str]:
    for key, value in node.items() if not isinstance(node, list) else enumerate(node):
        if key == "description" and isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            yield from _descriptions(value)


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        for code in LANGUAGES:
            (Path(folder) / code / "spec-reference.md").write_text(reference(code), encoding="utf-8")
