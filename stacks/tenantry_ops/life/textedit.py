"""Sets fields in the text of a YAML file and leaves everything else as a person wrote it: comments, order, quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from tenantry.errors import PreflightError, SpecError
from tenantry.spec.yamlfile import parse_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.spec.plan import Json

Field = tuple[str, ...]
"""One or two keys: `("template",)`, `("lifecycle", "state")`."""


def with_fields(text: str, changes: Mapping[Field, str], name: str) -> str:
    """The text with some fields set to plain words.

    Args:
        text: a YAML document whose root is a mapping.
        changes: field -> new value; a value that needs no quotes.
        name: what messages call the file.

    Raises:
        PreflightError: the file is written so that it cannot be changed without changing more than the fields.
        SpecError: it is no YAML.
    """
    wanted = _data(text, name)
    for field, value in changes.items():
        text = _set(text, field, value, name)
        _put(wanted, field, value)
    if _data(text, name) != wanted:
        raise _by_hand(name, changes)
    return text


def _set(text: str, field: Field, value: str, name: str) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise _by_hand(name, {field: value})
    key, *below = field
    found = _value(root, key)
    if not below:
        return _replaced(text, found, value) if found is not None else _appended(text, root, f"{key}: {value}")
    inner = f"{below[0]}: {value}"
    if found is None:
        return _appended(text, root, f"{key}: {{{inner}}}")
    if not isinstance(found, yaml.MappingNode):
        return _replaced(
            text, found, f" {{{inner}}}" if found.start_mark.index == found.end_mark.index else f"{{{inner}}}"
        )
    known = _value(found, below[0])
    return _replaced(text, known, value) if known is not None else _inserted(text, found, inner)


def _value(mapping: yaml.MappingNode, key: str) -> yaml.Node | None:
    return next((value for name, value in mapping.value if name.value == key), None)


def _replaced(text: str, node: yaml.Node, value: str) -> str:
    return text[: node.start_mark.index] + value + text[node.end_mark.index :]


def _appended(text: str, root: yaml.MappingNode, line: str) -> str:
    if root.flow_style:
        return _inserted(text, root, line)
    return text + ("" if text.endswith("\n") else "\n") + line + "\n"


def _inserted(text: str, mapping: yaml.MappingNode, entry: str) -> str:
    """Before the first entry, so that what stands behind the last one, such as a comment, keeps its place."""
    if mapping.flow_style:
        at = mapping.start_mark.index + 1
        return text[:at] + entry + (", " if mapping.value else "") + text[at:].lstrip(" ")
    first = mapping.value[0][0].start_mark
    begin = first.index - first.column
    return text[:begin] + text[begin : first.index] + entry + "\n" + text[begin:]


def _data(text: str, name: str) -> dict[str, Json]:
    document = parse_document(text.encode(), name)
    if document.problems:
        raise SpecError(document.problems)
    return dict(document.data) if isinstance(document.data, dict) else {}


def _put(data: dict[str, Json], field: Field, value: str) -> None:
    key, *below = field
    if not below:
        data[key] = value
        return
    inner = data.get(key)
    data[key] = {**(inner if isinstance(inner, dict) else {}), below[0]: value}


def _by_hand(name: str, changes: Mapping[Field, str]) -> PreflightError:
    told = ", ".join(f"{'.'.join(field)}: {value}" for field, value in changes.items())
    return PreflightError(
        f"{name} cannot be changed without changing more than is asked for; nothing was written.",
        hint=f"Set it by hand ({told}), then run: tenantry up",
    )
