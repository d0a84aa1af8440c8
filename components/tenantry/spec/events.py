"""YAML events to JSON data with places. Iterative, so that no nesting can exhaust a stack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

import yaml
from yaml.cyaml import CParser

from tenantry.errors import Problem, SpecError

if TYPE_CHECKING:
    from tenantry.spec.plan import Json
    from tenantry.spec.source import Path

MAX_DEPTH: Final = 32
MAX_NODES: Final = 50_000
MAX_ALIASES: Final = 64
MAX_EXPANDED: Final = 5_000
"""Nodes that all aliases together may stand for."""
MAX_PROBLEMS: Final = 100

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
_INT: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NUMBER_START: Final = frozenset("+-.0123456789")
_LARGEST: Final = 2**53
_STR_TAG: Final = frozenset({None, "!"})


class _Frame:
    """An open mapping or sequence."""

    __slots__ = ("anchor", "key", "node", "path", "place", "size")

    def __init__(self, node: Any, path: Path, anchor: str | None, place: tuple[int, int]) -> None:
        self.node = node
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
        parser: Any = CParser(text)
        next_event = parser.get_event
        documents = 0
        while True:
            event = next_event()
            kind = event.__class__
            if kind is yaml.ScalarEvent:
                self._scalar(event)
            elif kind is yaml.MappingStartEvent:
                self._open(event, {})
            elif kind is yaml.SequenceStartEvent:
                self._open(event, [])
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._close()
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self._stop(*_place(event), "a second document begins here", "write one document in a file")
            elif kind is yaml.StreamEndEvent:
                break
        if not documents or not self._nodes or (self._root is None and not self._stack):
            self._stop(0, 0, "the file is empty", "begin with: spec: tenantry/v1")
        return self._root

    def _open(self, event: Any, node: Any) -> None:
        place = _place(event)
        self._count(place)
        if len(self._stack) >= MAX_DEPTH:
            self._stop(*place, f"nested deeper than {MAX_DEPTH} levels")
        self._tag(event, place)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.node.__class__ is dict and frame.key is None:
            self._stop(*place, "a mapping or list cannot be a key", "quote text that begins with { or [")
        path = self._next_path()
        self.values[path] = place
        self._stack.append(_Frame(node, path, event.anchor, place))

    def _close(self) -> None:
        frame = self._stack.pop()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (frame.node, frame.size)
        self._add(frame.node, frame.size, frame.place)

    def _scalar(self, event: Any) -> None:
        mark = event.start_mark
        place = (mark.line + 1, mark.column + 1)
        self._count(place)
        if event.tag is not None:
            self._tag(event, place)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.node.__class__ is dict and frame.key is None:
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
        self._add(value, 1, place)

    def _key(self, frame: _Frame, event: Any, place: tuple[int, int]) -> None:
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

    def _alias(self, event: Any) -> None:
        place = _place(event)
        self._count(place)
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            self._stop(*place, f"more than {MAX_ALIASES} aliases", "write the values out")
        known = self._anchors.get(event.anchor)
        if known is None:
            inside = any(frame.anchor == event.anchor for frame in self._stack)
            reason = "stands inside the value that it names" if inside else "has no anchor before it"
            self._stop(*place, f"the alias *{event.anchor[:40]} {reason}")
        node, size = known
        self._expanded += size
        if self._expanded > MAX_EXPANDED:
            self._stop(*place, f"aliases stand for more than {MAX_EXPANDED} values", "write the values out")
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.node.__class__ is dict and frame.key is None:
            self._stop(*place, "an alias cannot be a key", "write the key out")
        self.values[self._next_path()] = place
        self._add(node, size, place)

    def _add(self, node: Json, size: int, place: tuple[int, int]) -> None:
        if not self._stack:
            self._root = node
            return
        frame = self._stack[-1]
        frame.size += size
        if frame.node.__class__ is dict:
            frame.node[frame.key] = node
            frame.key = None
        else:
            frame.node.append(node)

    def _next_path(self) -> Path:
        if not self._stack:
            return ()
        frame = self._stack[-1]
        return (*frame.path, frame.key if frame.node.__class__ is dict else len(frame.node))

    def _plain(self, text: str, place: tuple[int, int]) -> Json:
        if not text or text[0] not in _NUMBER_START:
            if text in _NULL:
                return None
            if text in _TRUE:
                return True
            return False if text in _FALSE else text
        if _INT.fullmatch(text):
            return self._integer(text, place)
        if _FLOAT.fullmatch(text):
            number = float(text)
            if number in {float("inf"), float("-inf")}:
                self._report(place, "the number is too large")
                return 0
            return number
        if _NOT_FINITE.fullmatch(text):
            self._report(place, f"{text} is not a number that can be used", "write a finite number, or text in quotes")
            return 0
        return text

    def _integer(self, text: str, place: tuple[int, int]) -> int:
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        digits = text[2:] if base != 10 else text  # noqa: PLR2004 - ten is ten
        # The length is checked first: converting a million digits takes seconds.
        number = int(digits, base) if len(digits) <= 20 else _LARGEST + 1  # noqa: PLR2004 - above 2^53 anyway
        if abs(number) > _LARGEST:
            self._report(place, "the number is too large", "write text in quotes where digits are meant")
            return 0
        return number

    def _tag(self, event: Any, place: tuple[int, int]) -> None:
        if event.tag not in _STR_TAG:
            self._report(place, f"the tag {_quoted(event.tag)} is not allowed", "remove it")

    def _count(self, place: tuple[int, int]) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._stop(*place, f"more than {MAX_NODES} values in one file")

    def _report(self, place: tuple[int, int], message: str, hint: str = "", path: Path | None = None) -> None:
        from tenantry.spec.source import dotted

        line, column = place
        where = dotted(self._next_path() if path is None else path)
        self.problems.append(Problem(file=self.name, line=line, column=column, path=where, message=message, hint=hint))
        if len(self.problems) >= MAX_PROBLEMS:
            raise SpecError(self.problems)

    def _stop(self, line: int, column: int, message: str, hint: str = "") -> NoReturn:
        last = Problem(file=self.name, line=line, column=column, message=message, hint=hint)
        raise SpecError([*self.problems, last])


def _place(event: Any) -> tuple[int, int]:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "…")  # noqa: PLR2004 - one line of a message
