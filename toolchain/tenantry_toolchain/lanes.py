"""Building two things at once: one build alone leaves the processors idle while it downloads and links."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from tenantry_toolchain import process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry_toolchain.progress import Progress

_LEASH: Final = Path(__file__).with_name("leash.py")
_LEAST_MEMORY: Final = 16 << 30


def roomy() -> bool:
    """Whether memory suffices for two builds at once."""
    import psutil

    return bool(psutil.virtual_memory().available >= _LEAST_MEMORY)


@contextlib.contextmanager
def beside(progress: Progress, *arguments: str) -> Iterator[None]:
    """Run `python -m tenantry_toolchain ARGUMENTS` while the body runs, then wait for it.

    It is killed where the body raises, and ends with this process. Whether it succeeded is not told: the caller looks
    for what it should have made.
    """
    running = subprocess.Popen(
        [sys.executable, "-I", "-S", _LEASH, sys.executable, "-m", "tenantry_toolchain", *arguments],
        env=os.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    reader = threading.Thread(target=_tell, args=(running.stderr, progress), daemon=True)
    reader.start()
    try:
        yield
        running.wait()
    finally:
        process.end(running)
        reader.join(timeout=5)
        for stream in (running.stdin, running.stderr):
            if stream:
                stream.close()


def _tell(stream: IO[str] | None, progress: Progress) -> None:
    with contextlib.suppress(ValueError, OSError):
        for line in stream or ():
            progress(line.rstrip("\n"))
