"""YAML events to JSON data with places. Iterative, so that no nesting can exhaust a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn, Protocol, TypeAlias, cast

import yaml
from yaml import cyaml

from tenantry.errors import Problem, SpecError
from tenantry.spec.scalars import NotUsableError, plain_scalar
from tenantry.spec.shown import shown
from tenantry.spec.source import dotted

if TYPE_CHECKING:
    from tenantry.spec.plan import Json
    from tenantry.spec.source import Path

MAX_DEPTH: Final = 32
MAX_NODES: Final = 50_000
MAX_ALIASES: Final = 64
MAX_EXPANDED: Final = 5_000
"""Nodes that all aliases together may stand for."""
MAX_PROBLEMS: Final = 100

_STR_TAG: Final = frozenset({None, "!"})


class _Mark(Protocol):
    line: int
    column: int


class _Event(Protocol):
    """What the reader uses of PyYAML's events."""

    start_mark: _Mark
    value: str
    anchor: str | None
    tag: str | None
    implicit: tuple[bool, bool]


class _Parser(Protocol):
    def get_event(self) -> _Event: ...


_Node: TypeAlias = "dict[str, Json] | list[Json]"


class _Frame:
    """An open mapping or sequence."""

    __slots__ = ("anchor", "key", "node", "path", "place", "size")

    def __init__(self, node: _Node, path: Path, anchor: str | None, place: tuple[int, int]) -> None:
        self.node: _Node = node
        self.path = path
        self.anchor = anchor
        self.place = place
        self.key: str | None = None
        self.size = 1


class Reader:
    """Reads one document; afterwards `values`, `keys` and `problems` are filled."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.values: dict[Path, tuple[int, int]] = {}
        self.keys: dict[Path, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self._anchors: dict[str, tuple[Json, int]] = {}
        self._stack: list[_Frame] = []
        self._nodes = 0
        self._documents = 0
        self._aliases = 0
        self._expanded = 0
        self._root: Json = None

    def read(self, text: str) -> Json:
        """The document's data. Raises SpecError where reading cannot go on."""
        try:
            return self._read(text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
            context = f" {error.context}" if error.context else ""
            self._stop(line, column, f"not valid YAML: {error.problem}{context}")
        except (yaml.YAMLError, UnicodeError):
            self._stop(0, 0, "not valid YAML")

    def _read(self, text: str) -> Json:
        parser = cast("_Parser", cyaml.CParser(text))  # type: ignore[attr-defined] # the stubs leave it out
        handlers = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open_mapping,
            yaml.SequenceStartEvent: self._open_list,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        while True:
            event = parser.get_event()
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
            elif isinstance(event, yaml.StreamEndEvent):
                break
        if self._root is None:
            self._stop(0, 0, "the file is empty", "begin with: spec: tenantry/v1")
        return self._root

    def _document(self, event: _Event) -> None:
        self._documents += 1
        if self._documents > 1:
            self._stop(*_place(event), "a second document begins here", "write one document in a file")

    def _open_mapping(self, event: _Event) -> None:
        self._open(event, {})

    def _open_list(self, event: _Event) -> None:
        self._open(event, [])

    def _open(self, event: _Event, node: _Node) -> None:
        place = _place(event)
        self._count(place)
        if len(self._stack) >= MAX_DEPTH:
            self._stop(*place, f"nested deeper than {MAX_DEPTH} levels")
        self._tag(event, place)
        if self._at_key():
            self._stop(*place, "a mapping or list cannot be a key", "quote text that begins with { or [")
        path = self._next_path()
        self.values[path] = place
        self._stack.append(_Frame(node, path, event.anchor, place))

    def _close(self, _: _Event) -> None:
        frame = self._stack.pop()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (frame.node, frame.size)
        self._add(frame.node, frame.size)

    def _scalar(self, event: _Event) -> None:
        mark = event.start_mark
        place = (mark.line + 1, mark.column + 1)
        self._count(place)
        if event.tag is not None:
            self._tag(event, place)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and isinstance(frame.node, dict) and frame.key is None:
            self._key(frame, event, place)
            return
        value: Json = event.value
        if event.implicit[0]:
            value = self._plain(event.value, place)
            if value is None and frame is not None:
                self._report(place, "there is no value", "give one, or remove the line")
        self.values[self._next_path()] = place
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        self._add(value, 1)

    def _key(self, frame: _Frame, event: _Event, place: tuple[int, int]) -> None:
        key: str = event.value
        path = (*frame.path, key)
        if path in self.keys and key in frame.node:
            line, _ = self.keys[path]
            self._report(place, f"the key {_quoted(key)} appears twice, first in line {line}", "keep one of them", path)
        elif key == "<<" and event.implicit[0]:
            self._report(place, "merge keys are not supported", "write the fields out", path)
        if event.anchor is not None:
            self._anchors[event.anchor] = (key, 1)
        self.keys[path] = place
        frame.key = key

    def _alias(self, event: _Event) -> None:
        place = _place(event)
        self._count(place)
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            self._stop(*place, f"more than {MAX_ALIASES} aliases", "write the values out")
        name = event.anchor or ""
        known = self._anchors.get(name)
        if known is None:
            inside = any(frame.anchor == name for frame in self._stack)
            reason = "stands inside the value that it names" if inside else "has no anchor before it"
            self._stop(*place, f"the alias *{shown(name)} {reason}")
        node, size = known
        self._expanded += size
        if self._expanded > MAX_EXPANDED:
            self._stop(*place, f"aliases stand for more than {MAX_EXPANDED} values", "write the values out")
        if self._at_key():
            self._stop(*place, "an alias cannot be a key", "write the key out")
        self.values[self._next_path()] = place
        self._add(node, size)

    def _add(self, node: Json, size: int) -> None:
        if not self._stack:
            self._root = node
            return
        frame = self._stack[-1]
        frame.size += size
        if isinstance(frame.node, list):
            frame.node.append(node)
        elif frame.key is not None:
            frame.node[frame.key] = node
            frame.key = None

    def _next_path(self) -> Path:
        if not self._stack:
            return ()
        frame = self._stack[-1]
        return (*frame.path, len(frame.node) if frame.key is None else frame.key)

    def _at_key(self) -> bool:
        if not self._stack:
            return False
        frame = self._stack[-1]
        return frame.key is None and isinstance(frame.node, dict)

    def _plain(self, text: str, place: tuple[int, int]) -> Json:
        try:
            return plain_scalar(text)
        except NotUsableError as error:
            self._report(place, str(error), "write text in quotes where that is meant")
            return 0

    def _tag(self, event: _Event, place: tuple[int, int]) -> None:
        if event.tag not in _STR_TAG:
            self._report(place, f"the tag {_quoted(event.tag or '')} is not allowed", "remove it")

    def _count(self, place: tuple[int, int]) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._stop(*place, f"more than {MAX_NODES} values in one file")

    def _report(self, place: tuple[int, int], message: str, hint: str = "", path: Path | None = None) -> None:
        line, column = place
        where = dotted(self._next_path() if path is None else path)
        self.problems.append(Problem(file=self.name, line=line, column=column, path=where, message=message, hint=hint))
        if len(self.problems) >= MAX_PROBLEMS:
            raise SpecError(self.problems)

    def _stop(self, line: int, column: int, message: str, hint: str = "") -> NoReturn:
        last = Problem(file=self.name, line=line, column=column, message=message, hint=hint)
        raise SpecError([*self.problems, last])


def _place(event: _Event) -> tuple[int, int]:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1


def _quoted(text: str) -> str:
    return repr(shown(text))
