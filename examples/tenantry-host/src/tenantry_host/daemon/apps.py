"""Apps: copies of a program, each started again whenever it ends."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import aiohttp
from tenantry_vendor.sandbox import logfile
from tenantry_vendor.sandbox.gateway.proxy import Endpoint
from tenantry_vendor.sandbox.ports import free_port
from tenantry_vendor.sandbox.runner import LocalProcess

from tenantry_host.daemon.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

READY_SECONDS: Final = 60.0
"""A new version must answer within it, else the old one stays."""
STOP_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.05
_STABLE_SECONDS: Final = 60.0
_MOST_SECONDS: Final = 30.0
_LAST_WORDS: Final = 8
_LOCAL: Final = "127.0.0.1"
_numbers = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What an app runs. `health` is a path that answers 200, None where listening is enough."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    records: Path
    health: str | None


class App:
    """A program in a number of copies; `changed` is called whenever an endpoint comes or goes."""

    def __init__(self, program: Program, copies: int, changed: Callable[[], None]) -> None:
        self.program = program
        self._copies = [_Copy(program, changed) for _ in range(copies)]

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Copies that answer now."""
        return tuple(copy.endpoint for copy in self._copies if copy.endpoint is not None)

    def begin(self) -> None:
        """Starts every copy; does not wait."""
        for copy in self._copies:
            copy.begin()

    async def ready(self) -> None:
        """Returns when every copy answers. Raises RefusedError with the last words of one that does not."""
        for copy in self._copies:
            await copy.ready()

    async def stop(self) -> None:
        """Ends every copy."""
        await asyncio.gather(*(copy.stop() for copy in self._copies))


class _Copy:
    def __init__(self, program: Program, changed: Callable[[], None]) -> None:
        self.endpoint: Endpoint | None = None
        self._program = program
        self._changed = changed
        self._answered = asyncio.Event()
        self._ended = asyncio.Event()
        self._stopping = False
        self._process: LocalProcess | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._task = asyncio.create_task(self._keep())

    async def ready(self) -> None:
        waits = {asyncio.create_task(self._answered.wait()), asyncio.create_task(self._ended.wait())}
        _, left = await asyncio.wait(waits, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        if not self._answered.is_set():
            what = "ended" if self._ended.is_set() else f"did not answer within {READY_SECONDS:.0f} s"
            words = "\n".join(f"  {line[:300]}" for line in logfile.tail(self._program.log, _LAST_WORDS))
            raise RefusedError(
                422, "not_ready", f"{self._program.name} {what}; its last words:\n{words}", "The version before stays."
            )

    async def stop(self) -> None:
        self._stopping = True
        if self._process is not None:
            await self._process.stop(STOP_SECONDS)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._gone()

    async def _keep(self) -> None:
        failures = 0
        while not self._stopping:
            began = time.monotonic()
            port = free_port()
            logfile.bound(self._program.log)
            record = self._program.records / f"{self._program.name.replace('/', '.')}.{next(_numbers)}.json"
            self._process = LocalProcess.start(
                self._program.command,
                record=record,
                log=self._program.log,
                cwd=self._program.folder,
                environment={**self._program.environment, "HOST": _LOCAL, "PORT": str(port)},
                extra={},
            )
            asking = asyncio.create_task(self._ask(port))
            try:
                await self._process.wait()
            finally:
                asking.cancel()
                record.unlink(missing_ok=True)
                self._gone()
            self._ended.set()
            failures = 0 if time.monotonic() - began > _STABLE_SECONDS else failures + 1
            await asyncio.sleep(min(_MOST_SECONDS, 0.1 * 2.0**failures))

    async def _ask(self, port: int) -> None:
        """Makes the copy an endpoint as soon as it answers."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            # A strange program cannot be asked to tell when it listens.
            while not await _answers(session, port, self._program.health):  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)
        self.endpoint = Endpoint(_LOCAL, port, f"{self._program.name}:{port}")
        self._answered.set()
        self._changed()

    def _gone(self) -> None:
        if self.endpoint is not None:
            self.endpoint = None
            self._changed()


async def _answers(session: aiohttp.ClientSession, port: int, health: str | None) -> bool:
    try:
        if health is None:
            _, writer = await asyncio.open_connection(_LOCAL, port)
            writer.close()
            return True
        async with session.get(f"http://{_LOCAL}:{port}{health}") as answer:
            return answer.ok
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False
