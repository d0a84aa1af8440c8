"""What the daemon refuses."""

from __future__ import annotations


class RefusedError(Exception):
    """An order that is not carried out; nothing has changed. `status` is the HTTP status."""

    def __init__(self, status: int, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
