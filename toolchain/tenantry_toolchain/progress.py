"""What long steps say while they run."""

from __future__ import annotations

import time
from collections.abc import Callable

Progress = Callable[[str], None]
"""Takes one finished line of text, without a newline. Called from the thread that started the work."""

INTERVAL = 10.0
"""Seconds between two lines of the same step: often enough to see life, rare enough for a build log."""


def quiet(_line: str) -> None:
    """A `Progress` that says nothing."""


def duration(seconds: float) -> str:
    """Seconds as people read them: `42 s`, `3 min 05 s`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Step:
    """Progress of one step: says a line at once, then at most one each `INTERVAL` seconds."""

    def __init__(self, label: str, progress: Progress) -> None:
        self._label = label
        self._progress = progress
        self._started = time.monotonic()
        self._said = self._started
        self.detail = ""

    @property
    def seconds(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._started

    def begin(self) -> None:
        """Say that the step begins."""
        self._progress(f"{self._label} ...")

    def tick(self) -> None:
        """Say how far it is, if the last line is old enough."""
        if time.monotonic() - self._said < INTERVAL:
            return
        self._said = time.monotonic()
        detail = f"{self.detail}, " if self.detail else ""
        self._progress(f"{self._label}: {detail}{duration(self.seconds)}")

    def end(self) -> None:
        """Say that the step is done, and how long it took."""
        self._progress(f"{self._label}: done in {duration(self.seconds)}")
