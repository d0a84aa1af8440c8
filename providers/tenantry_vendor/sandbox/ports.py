"""Loopback ports: chosen once, remembered, chosen again only when a stranger took one."""

from __future__ import annotations

import json
import random
import socket
from typing import TYPE_CHECKING

from tenantry.errors import SandboxError
from tenantry_vendor.sandbox.files import write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

# Below what Linux (32768) and macOS (49152) hand out for outgoing connections: nobody gets these by chance.
_FIRST, _LAST = 20000, 31999
_TRIES = 200


def is_free(port: int, address: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Without this a port whose last connections are still closing would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True


def free_port(avoid: Collection[int] = ()) -> int:
    """A port on 127.0.0.1 that nobody listens on. Raises SandboxError where none is found."""
    generator = random.SystemRandom()
    for _ in range(_TRIES):
        port = generator.randint(_FIRST, _LAST)
        if port not in avoid and is_free(port):
            return port
    raise SandboxError("No free loopback port was found.", hint="Close servers that are not needed, then try again.")


class PortBook:
    """The ports of one sandbox, by name, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ports: dict[str, int] = {}
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            self._ports = {str(name): int(port) for name, port in found.items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise SandboxError(
                f"The sandbox's list of ports cannot be read: {path}", hint="Remove the file, then start the sandbox."
            ) from error

    def __getitem__(self, name: str) -> int:
        return self._ports[name]

    def get(self, name: str) -> int:
        """The port of this name, 0 where none was chosen yet."""
        return self._ports.get(name, 0)

    def __contains__(self, name: str) -> bool:
        return name in self._ports

    def settle(self, names: Iterable[str], tell: Callable[[str, int, int], None]) -> None:
        """Gives every name a port that is free now; `tell(name, old, new)` is called for one that a stranger took.

        Names of servers that run already must not be given: their ports are not free.
        """
        before = dict(self._ports)
        for name in names:
            old = self._ports.get(name)
            if old is not None and is_free(old):
                continue
            new = free_port(avoid=self._ports.values())
            self._ports[name] = new
            if old is not None:
                tell(name, old, new)
        if self._ports != before:
            write_private(self._path, json.dumps(self._ports, indent=2, sort_keys=True) + "\n")
