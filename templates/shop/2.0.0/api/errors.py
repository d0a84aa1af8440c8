"""What a request can be refused with."""

from __future__ import annotations


class Refused(Exception):
    """A request that is refused. `fields` names wrong inputs and why, `allow` the methods that would do."""

    def __init__(
        self, status: int, code: str, message: str, fields: dict[str, str] | None = None, allow: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields or {}
        self.allow = allow


class Unavailable(Exception):
    """The database or the bucket does not answer. `what` names it; its own message stays in the log."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}")
        self.what = what
