"""Files without a name, in memory where the system can: what the engine writes there never touches a disk."""

from __future__ import annotations

import os
import tempfile
from typing import Final

_CHUNK: Final = 1 << 16


class Scratch:
    """A file without a name that a child process opens by a path.

    The event log holds plain secrets (the Python SDK logs every value it registers as a debug message), so it must not
    lie on a disk. A pipe would block an engine whose reader was killed; this never does.
    """

    def __init__(self) -> None:
        if hasattr(os, "memfd_create"):
            self.descriptor = os.memfd_create("tenantry", 0)
        else:
            self.descriptor, name = tempfile.mkstemp(prefix="tenantry-")
            os.unlink(name)  # noqa: PTH108 - the file must lose its name at once
        self._offset = 0
        self._rest = b""

    @property
    def path(self) -> str:
        """How a child that inherits the descriptor opens the file."""
        return f"/dev/fd/{self.descriptor}"

    def lines(self) -> list[str]:
        """The complete lines that were written since the last call."""
        pieces = [self._rest]
        while chunk := os.pread(self.descriptor, _CHUNK, self._offset):
            self._offset += len(chunk)
            pieces.append(chunk)
        *complete, self._rest = b"".join(pieces).split(b"\n")
        return [line.decode(errors="replace") for line in complete]

    def text(self, limit: int = _CHUNK) -> str:
        """The last `limit` bytes as text."""
        size = os.fstat(self.descriptor).st_size
        return os.pread(self.descriptor, limit, max(0, size - limit)).decode(errors="replace")

    def close(self) -> None:
        """Gives the memory back."""
        os.close(self.descriptor)
