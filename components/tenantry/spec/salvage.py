"""Checks data against a model, and goes on with what is sound, so that one run shows the mistakes of every stage."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from pydantic import ValidationError

from tenantry.spec.base import validate
from tenantry.spec.explain import explain

if TYPE_CHECKING:
    from tenantry.spec.base import SpecFile
    from tenantry.spec.plan import Json
    from tenantry.spec.source import Finding, Path

F = TypeVar("F", bound="SpecFile")

_ROUNDS: Final = 5
_ENTRY: Final = 2
"""Length of the path of one component, parameter or plan."""

_FIELD_STAND_IN: Final[dict[str, Json]] = {"source": "unknown", "runtime": "unknown", "command": ["unknown"]}
_STAND_IN: Final[dict[str, Json]] = {
    "spec": "tenantry/v1",
    "name": "unknown",
    "version": "0.0.0",
    "title": {"en": "unknown"},
    "tenant": "unknown",
    "template": "unknown@0.0.0",
    "runtime": {"on": "unknown"},
}
"""What stands for a broken top-level field that a file must have, so that the rest can be checked."""


def check_model(model: type[F], data: dict[str, Json]) -> tuple[F | None, F | None, list[Finding], frozenset[str]]:
    """The model, the model of what is sound, every finding, and the names of what was taken out.

    The first is None where there is any finding, the second where nothing could be saved. Names: component ids,
    `param.NAME` for parameters, `/NAME` for fields of the file.
    """
    try:
        loaded = validate(model, data)
    except ValidationError as error:
        findings = explain(error, data, model)
    else:
        return loaded, loaded, [], frozenset()
    sound = copy.deepcopy(data)
    removed: set[str] = set()
    current = findings
    for attempt in range(_ROUNDS):
        _prune(model, sound, current, removed, whole=attempt > 0)
        try:
            return None, validate(model, sound), findings, frozenset(removed)
        except ValidationError as error:
            current = explain(error, sound, model)
    return None, None, findings, frozenset(removed)


def _prune(model: type[F], data: dict[str, Any], findings: list[Finding], removed: set[str], *, whole: bool) -> None:
    for finding in findings:
        if len(finding.path) > _ENTRY and not whole:
            _repair(data, finding.path)
        elif finding.path:
            _take_out(data, finding.path, removed)
    for name, field in model.model_fields.items():
        if name == "kind":
            data[name] = model.__name__ if model.__name__ != "ProjectSettings" else "Project"
        elif field.is_required() and name not in data:
            data[name] = copy.deepcopy(_STAND_IN.get(name, "unknown"))


def _repair(data: dict[str, Any], path: Path) -> None:
    """First try: only the broken field goes, or gets a stand-in, so that its neighbours are still checked."""
    node: Any = data
    for step in path[:-1]:
        inside = isinstance(node, list) or (isinstance(node, dict) and step in node)
        node = cast("Any", node)[step] if inside else {}
    last = path[-1]
    if isinstance(node, dict):
        if last in _FIELD_STAND_IN:
            node[last] = _FIELD_STAND_IN[str(last)]
        else:
            node.pop(last, None)


def _take_out(data: dict[str, Any], path: Path, removed: set[str]) -> None:
    top = str(path[0])
    inner = data.get(top)
    if len(path) == 1 or not isinstance(inner, dict):
        data.pop(top, None)
        removed.add(f"/{top}")
        return
    name = str(path[1])
    inner.pop(name, None)
    if top == "components":
        removed.add(name)
    elif top == "parameters":
        removed.add(f"param.{name}")
    if not inner and top == "components":
        data.pop(top, None)
