"""The difference between what is there and what the program wants, field by field."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from tenantry_kubernetes.plugin import quantities
from tenantry_kubernetes.plugin.replacement import Path, replaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tenantry_kubernetes.client.requests import Json, Object

Change = Literal["add", "delete", "update"]

_ABSENT: Final = object()
# An empty map of these is dropped; elsewhere `{}` is an object whose presence means something, as in `emptyDir: {}`.
_MAPS: Final = frozenset(
    {"annotations", "binaryData", "data", "labels", "limits", "matchLabels", "nodeSelector", "requests", "selector"}
)
# Numbers and switches that have no "not set" beside 0 and false.
_ZERO_IS_UNSET: Final = frozenset(
    {
        *("hostIPC", "hostNetwork", "hostPID", "hostPort", "initialDelaySeconds", "minReadySeconds", "paused"),
        *("publishNotReadyAddresses", "readOnly", "stdin", "stdinOnce", "tty"),
    }
)
_STEP: Final = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.\[\]"]+)')
_NEEDS_QUOTES: Final = re.compile(r'[."\[\]]')


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One changed field. `by_input`: the program's inputs changed, not (only) the live object."""

    path: Path
    change: Change
    replace: bool
    by_input: bool

    @property
    def name(self) -> str:
        """The path as the engine writes it: `spec.template.spec.containers[0].image`, `data["a.b"]`."""
        return path_name(self.path)


@dataclass(slots=True)
class _Walk:
    rules: Sequence[str]
    typed: bool
    found: list[FieldChange] = field(default_factory=list)

    def note(self, path: Path, change: Change, value: Json, *, by_input: bool) -> None:
        replace = any(replaces(path, value, rule) for rule in self.rules)
        self.found.append(FieldChange(path, change, replace, by_input))

    def compare(self, path: Path, live: Json, old: Json, new: Json) -> None:
        """`live` is pruned to the shape of `old`, the inputs of the last run; `new` are this run's inputs."""
        if new is _ABSENT:
            # Nothing is wanted here any more. What only the server knows is not ours to remove.
            if old is not _ABSENT and live is not _ABSENT:
                self.note(path, "delete", live, by_input=True)
        elif live is _ABSENT:
            # Not having an unchanged input back is no change: servers leave out what is empty.
            if (old is _ABSENT or old != new) and not (self.typed and _is_nothing(path[-1], new)):
                self.note(path, "add", new, by_input=True)
        elif isinstance(live, dict) and isinstance(new, dict):
            before = old if isinstance(old, dict) else {}
            for key in sorted(live.keys() | new.keys() | before.keys()):
                self.compare((*path, key), live.get(key, _ABSENT), before.get(key, _ABSENT), new.get(key, _ABSENT))
        elif isinstance(live, list) and isinstance(new, list):
            self.compare_lists(path, live, old if isinstance(old, list) else [], new)
        elif live != new and not quantities.same(path, live, new):
            self.note(path, "update", new, by_input=old != new)

    def compare_lists(self, path: Path, live: list[Json], old: list[Json], new: list[Json]) -> None:
        for at in range(max(len(live), len(new))):
            before = old[at] if at < len(old) else _ABSENT
            if at >= len(new):
                self.note((*path, at), "delete", live[at], by_input=before is not _ABSENT)
            elif at >= len(live):
                self.note((*path, at), "add", new[at], by_input=True)
            else:
                self.compare((*path, at), live[at], before, new[at])


def compare(live: Object, old: Object, new: Object, rules: Sequence[str], *, typed: bool) -> list[FieldChange]:
    """Every changed field, parents before children.

    Args:
        live: the object as last seen, pruned to the shape of `old`.
        old: the inputs that made it.
        new: the inputs that are wanted now; may hold `UNKNOWN`, which differs from everything.
        rules: see `replacement.rules`.
        typed: the kind is one of Kubernetes' own, whose servers drop empty fields; custom resources keep them.
    """
    walk = _Walk(rules, typed)
    for key in sorted(live.keys() | new.keys() | old.keys()):
        walk.compare((key,), live.get(key, _ABSENT), old.get(key, _ABSENT), new.get(key, _ABSENT))
    return walk.found


def without_ignored(changes: Iterable[FieldChange], ignored: Iterable[str]) -> list[FieldChange]:
    """The changes that no `ignoreChanges` path covers."""
    paths = [parse_path(each) for each in ignored]
    return [change for change in changes if not any(_covers(path, change.path) for path in paths)]


def parse_path(written: str) -> Path:
    """A property path as programs write it. `*` stays the string `*`."""
    steps: list[str | int] = []
    for quoted, index, plain in _STEP.findall(written):
        if quoted:
            steps.append(quoted.replace('\\"', '"'))
        elif index:
            steps.append(index if index == "*" else int(index))
        else:
            steps.append(plain)
    return tuple(steps)


def path_name(path: Path) -> str:
    """The inverse of `parse_path`."""
    made = ""
    for step in path:
        if isinstance(step, int):
            made += f"[{step}]"
        elif _NEEDS_QUOTES.search(step):
            made += '["' + step.replace('"', '\\"') + '"]'
        else:
            made += f".{step}" if made else step
    return made


def _is_nothing(key: str | int, value: Json) -> bool:
    """Whether a server of a typed kind takes a value for a field that is not set."""
    if isinstance(value, dict):
        return not value and key in _MAPS
    if isinstance(value, bool | int):
        return not value and key in _ZERO_IS_UNSET
    return value in ([], "")


def _covers(ignored: Path, changed: Path) -> bool:
    if len(ignored) > len(changed):
        return False
    return all(want in ("*", got) for want, got in zip(ignored, changed, strict=False))
