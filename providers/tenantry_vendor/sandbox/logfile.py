"""Log files with an upper bound, their last lines, and following them."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAX_BYTES = 5 * 1024 * 1024
"""A log file that is larger is cut; the part before is kept once, as `<name>.1`."""
_POLL_SECONDS = 0.3


def bound(path: Path, max_bytes: int = MAX_BYTES) -> bool:
    """Cuts the file where it is too large; returns whether it did.

    The writer keeps its open file: it appends, so that the next line lands at the new beginning. Lines written between
    the copy and the cut are lost.
    """
    try:
        if path.stat().st_size <= max_bytes:
            return False
    except FileNotFoundError:
        return False
    older = path.with_name(path.name + ".1")
    with path.open("rb") as source:
        source.seek(-max_bytes, os.SEEK_END)
        older.write_bytes(source.read(max_bytes))
    older.chmod(0o600)
    os.truncate(path, 0)
    return True


def tail(path: Path, count: int) -> list[str]:
    """The last `count` lines, oldest first; all of them where `count` is negative, none where there is no file."""
    try:
        with path.open("r", encoding="utf-8", errors="replace", newline="\n") as file:
            return [line.rstrip("\r\n") for line in deque(file, maxlen=count if count >= 0 else None)]
    except FileNotFoundError:
        return []


class Follower:
    """Reads complete lines as they are appended; begins anew where the file was cut or replaced."""

    def __init__(self, path: Path, *, from_end: bool) -> None:
        self._path = path
        self._position = path.stat().st_size if from_end and path.exists() else 0
        self._rest = b""

    def lines(self) -> list[str]:
        """The lines that were completed since the last call."""
        try:
            size = self._path.stat().st_size
            if size < self._position:
                self._position, self._rest = 0, b""
            if size == self._position:
                return []
            with self._path.open("rb") as file:
                file.seek(self._position)
                data = file.read()
        except FileNotFoundError:
            return []
        self._position += len(data)
        *complete, self._rest = (self._rest + data).split(b"\n")
        return [line.decode("utf-8", "replace").rstrip("\r") for line in complete]


def follow(paths: dict[str, Path], stop: Callable[[], bool] = lambda: False) -> Iterator[tuple[str, str]]:
    """Pairs of name and line as they are appended, until `stop` says so."""
    followers = {name: Follower(path, from_end=True) for name, path in paths.items()}
    while not stop():
        idle = True
        for name, follower in followers.items():
            for line in follower.lines():
                idle = False
                yield name, line
        if idle:
            time.sleep(_POLL_SECONDS)
