"""One finding about this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding. `hint` says what to do and is empty where `state` is ok."""

    name: str
    state: State
    detail: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.state:4}  {self.name}: {self.detail}" + (f"\n      {self.hint}" if self.hint else "")

    def to_json(self) -> dict[str, str]:
        """The check as a JSON object with the fields above."""
        return {key: str(value) for key, value in asdict(self).items()}
