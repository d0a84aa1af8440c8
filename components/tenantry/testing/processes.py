"""Processes below another one."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Process:
    """A process, told from a later one with the same id by its start time."""

    pid: int
    name: str
    command: str
    started: float

    def is_alive(self) -> bool:
        """Whether it still runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            return process.create_time() == self.started and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def kill(self) -> None:
        """SIGKILL, where it still runs."""
        if self.is_alive():
            psutil.Process(self.pid).kill()


def descendants(pid: int) -> list[Process]:
    """Every process below `pid`, nearest first; empty where it is gone."""
    try:
        found = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    processes = []
    for process in found:
        try:
            processes.append(Process(process.pid, process.name(), " ".join(process.cmdline()), process.create_time()))
        except psutil.NoSuchProcess:
            continue
    return processes
