"""Which rule answers a request: by host first, then by path, method and headers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Backend:
    """Where a share of a rule's requests goes. `key` names a set of endpoints; empty where what it names is invalid."""

    key: str
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Requests for one host and path.

    `host`: "" for every host, `*.x` for names below x (one label, or any number where `deep`). `path` matches whole
    segments, or the whole path where `exact`. `fallback`: only where no other rule of the host matches. `age` orders
    rules that say the same: the lowest wins. `source` is what a log calls it.
    """

    host: str
    path: str
    exact: bool
    backends: tuple[Backend, ...]
    source: str
    age: tuple[str, ...]
    method: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    deep: bool = False
    fallback: bool = False

    def matches(self, path: str, method: str, headers: Mapping[str, str]) -> bool:
        """Whether the rule answers such a request for its host. `headers` must find names in any case."""
        if self.exact:
            if path != self.path:
                return False
        else:
            prefix = self.path.rstrip("/")
            if path != prefix and not path.startswith(prefix + "/"):
                return False
        if self.method and method != self.method:
            return False
        return all(headers.get(name) == value for name, value in self.headers)

    @property
    def says(self) -> tuple[object, ...]:
        """Two rules that say the same are in conflict."""
        path = self.path if self.exact else self.path.rstrip("/")
        return (self.host, path, self.exact, self.method, self.headers, self.fallback)

    @property
    def rank(self) -> tuple[object, ...]:
        """The order in which rules of one host are asked."""
        return (
            self.fallback,
            not self.exact,
            -len(self.path.rstrip("/")),
            not self.method,
            -len(self.headers),
            self.age,
        )


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two rules that say the same; the younger is not used."""

    winner: Rule
    loser: Rule


class Table:
    """Every rule, ready to be asked."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._hosts: dict[str, list[Rule]] = defaultdict(list)
        self.conflicts: list[Conflict] = []
        said: dict[tuple[object, ...], Rule] = {}
        for rule in sorted(rules, key=lambda each: each.age):
            first = said.setdefault(rule.says, rule)
            if first is not rule:
                self.conflicts.append(Conflict(first, rule))
            else:
                self._hosts[rule.host].append(rule)
        for listed in self._hosts.values():
            listed.sort(key=lambda each: each.rank)

    @property
    def hosts(self) -> list[str]:
        """Host names that are routed by name, without wildcards."""
        return sorted(host for host in self._hosts if host and not host.startswith("*."))

    @property
    def rules(self) -> list[Rule]:
        """Every rule in use."""
        return [rule for listed in self._hosts.values() for rule in listed]

    def knows(self, host: str) -> bool:
        """Whether any rule is for this host, by name or wildcard."""
        return bool(self._candidates(host.lower()))

    def match(self, host: str, path: str, method: str, headers: Mapping[str, str]) -> Rule | None:
        """The rule for a request. The most specific host decides alone, as with virtual hosts."""
        for rule in self._candidates(host.lower()) or self._hosts.get("", []):
            if rule.matches(path, method, headers):
                return rule
        return None

    def _candidates(self, host: str) -> list[Rule]:
        if host in self._hosts and host:
            return self._hosts[host]
        labels = host.split(".")
        for index in range(1, len(labels)):
            wildcard = "*." + ".".join(labels[index:])
            found = [rule for rule in self._hosts.get(wildcard, []) if rule.deep or index == 1]
            if found:
                return found
        return []


def bare_host(header: str) -> str:
    """The host of a Host header, lower case, without port and trailing dot."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].rstrip(".").lower()
