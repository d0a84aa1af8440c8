"""What a file backend holds of one stack, read without starting the engine: its locks and its checkpoint."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import json
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenantry.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SCHEME: Final = "file://"
_NAMED: Final = re.compile(r"created by (?P<user>[^@\s]*)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<at>\S+)")
_MOMENT: Final = re.compile(r"[-.](\d{10,})\.")
"""The time in the name of a file of the history (`acme-1795449077717732811.history.json`) or of a backup."""
_FRACTION: Final = re.compile(r"(\.\d{6})\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock of Pulumi's. `since` is seconds since 1970; `path` is None where it is not a file that we can reach."""

    user: str
    host: str
    pid: int
    since: float
    path: Path | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it was made on this machine, so that its process can be looked at."""
        return self.host == socket.gethostname()

    def is_alive(self) -> bool:
        """Whether its process still runs; a lock of another machine is taken to be alive.

        A process that is younger than the lock only has the same number.
        """
        if not self.is_ours:
            return True
        import psutil

        try:
            process = psutil.Process(self.pid)
            return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= self.since + 1
        except psutil.NoSuchProcess:
            return False

    def __str__(self) -> str:
        at = dt.datetime.fromtimestamp(self.since, dt.UTC).astimezone()
        return f"{self.user}@{self.host} (pid {self.pid}) since {at:%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFile:
    """The places of one stack in a file backend."""

    checkpoint: Path
    locks_folder: Path

    @classmethod
    def of(cls, backend_url: str, project: str, stack: str) -> StateFile | None:
        """The stack's places; None where the backend is no folder."""
        if not backend_url.startswith(_SCHEME):
            return None
        folder = Path(backend_url.removeprefix(_SCHEME).split("?", 1)[0]).expanduser() / ".pulumi"
        return cls(
            checkpoint=folder / "stacks" / project / f"{stack}.json",
            locks_folder=folder / "locks" / "organization" / project / stack,
        )

    def exists(self) -> bool:
        """Whether the stack was made."""
        return self.checkpoint.exists() or self._packed.exists()

    @property
    def _packed(self) -> Path:
        return self.checkpoint.with_name(self.checkpoint.name + ".gz")

    def locks(self) -> list[Lock]:
        """Every lock on the stack."""
        found = []
        for file in sorted(self.locks_folder.glob("*.json")):
            with contextlib.suppress(OSError, ValueError, KeyError):
                content = json.loads(file.read_bytes())
                found.append(
                    Lock(
                        user=content["username"],
                        host=content["hostname"],
                        pid=int(content["pid"]),
                        since=_seconds(content["timestamp"]),
                        path=file,
                    )
                )
        return found

    def unreadable_locks(self) -> list[Path]:
        """Lock files that their maker did not finish writing."""
        known = {lock.path for lock in self.locks()}
        return [file for file in sorted(self.locks_folder.glob("*.json")) if file not in known]

    def pending_operations(self) -> list[tuple[str, str]]:
        """Pairs of URN and operation that were begun and not ended; empty where there is no checkpoint."""
        content = self._content()
        if b"pending_operations" not in content:
            return []
        with contextlib.suppress(ValueError, KeyError, AttributeError, TypeError):
            latest: dict[str, Any] = json.loads(content)["checkpoint"]["latest"] or {}
            return [(item["resource"]["urn"], item["type"]) for item in latest.get("pending_operations") or []]
        return []

    def leftovers(self) -> list[Path]:
        """Everything that a removed stack leaves: earlier states, the history, backups, empty lock folders."""
        root, project, stack = self.checkpoint.parents[2], self.checkpoint.parent.name, self.checkpoint.stem
        folders = [root / kind / project / stack for kind in ("history", "backups")]
        folders.append(self.locks_folder)
        files = self.checkpoint.parent.glob(f"{stack}.json*.bak*")
        return [*(folder for folder in folders if folder.is_dir()), *files]

    def prune(self, keep: int) -> None:
        """Removes all but the last `keep` earlier states and entries of the history, which would grow for ever."""
        project, stack = self.checkpoint.parent.name, self.checkpoint.stem
        for kind in ("history", "backups"):
            moments: dict[int, list[Path]] = {}
            with contextlib.suppress(OSError):
                for file in (self.checkpoint.parents[2] / kind / project / stack).iterdir():
                    found = _MOMENT.search(file.name)
                    if found is not None:
                        moments.setdefault(int(found[1]), []).append(file)
            for moment in sorted(moments)[:-keep]:
                for file in moments[moment]:
                    remove(file)

    def resources(self) -> list[dict[str, Any]]:
        """Every resource of the checkpoint, secrets encrypted. Raises EngineError where it cannot be read."""
        try:
            latest: dict[str, Any] = json.loads(self._content() or b"{}").get("checkpoint", {}).get("latest") or {}
            found: list[dict[str, Any]] = latest.get("resources") or []
        except (ValueError, AttributeError):
            raise EngineError(
                f"The state {self.checkpoint} cannot be read.",
                hint="Is it whole? Pulumi keeps the one before beside it.",
            ) from None
        return found

    def _content(self) -> bytes:
        with contextlib.suppress(FileNotFoundError):
            return self.checkpoint.read_bytes()
        with contextlib.suppress(FileNotFoundError):
            return gzip.decompress(self._packed.read_bytes())
        return b""


def named_locks(message: str) -> Sequence[Lock]:
    """The locks that the engine's own message names."""
    return [
        Lock(user=found["user"], host=found["host"], pid=int(found["pid"]), since=_seconds(found["at"]))
        for found in _NAMED.finditer(message)
    ]


def remove(path: Path) -> None:
    """Removes a lock file, also where somebody else was faster."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108 - one call that cannot leave half


def _seconds(text: str) -> float:
    """RFC 3339 with up to nine digits after the second."""
    return dt.datetime.fromisoformat(_FRACTION.sub(r"\1", text)).timestamp()
