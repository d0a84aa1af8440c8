"""Wall time and CPU time of a command with everything that it started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run: seconds of wall time, seconds of CPU time of the whole process tree."""

    wall: float
    cpu: float


class CommandFailedError(Exception):
    """A measured command failed; the message holds the end of what it printed."""


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Sample:
    """Runs a command and waits for every process that it started, orphans included (Linux: child subreaper)."""
    _adopt_orphans(adopt=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    output, _ = process.communicate()
    wall = time.perf_counter() - started
    _reap(process.pid)
    # Daemons that others start from here on are not ours to wait for.
    _adopt_orphans(adopt=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0:
        raise CommandFailedError(f"{' '.join(command)} ended with {process.returncode}:\n{output.decode()[-2000:]}")
    return Sample(wall=wall, cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Alternating runs of two commands."""

    ours: list[Sample]
    bare: list[Sample]

    def ratio(self, figure: Callable[[Sample], float]) -> float:
        """The median of the ratios, pair by pair."""
        return statistics.median(figure(a) / figure(b) for a, b in zip(self.ours, self.bare, strict=True))

    def median(self, side: Sequence[Sample], figure: Callable[[Sample], float]) -> float:
        """The median of one side."""
        return statistics.median(figure(sample) for sample in side)


def alternate(ours: Callable[[], Sample], bare: Callable[[], Sample], pairs: int) -> Pairs:
    """Runs both in turn, the order swapped from pair to pair, after one warm-up each."""
    ours()
    bare()
    left: list[Sample] = []
    right: list[Sample] = []
    for index in range(pairs):
        if index % 2:
            right.append(bare())
            left.append(ours())
        else:
            left.append(ours())
            right.append(bare())
    return Pairs(ours=left, bare=right)


def _adopt_orphans(*, adopt: bool) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)


def _reap(group: int) -> None:
    """Waits up to five seconds for orphans that came to this process, then ends those of the group."""
    end = time.monotonic() + 5
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            if time.monotonic() > end:
                # They may end by themselves in this very moment.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
            time.sleep(0.01)
