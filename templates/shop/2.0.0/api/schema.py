"""The steps that make the database what this version expects."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "migrations"


class Step(NamedTuple):
    """`breaking`: code that was written for the level before cannot work after it."""

    level: int
    name: str
    breaking: bool

    @property
    def sql(self) -> str:
        """The statements, without BEGIN and COMMIT."""
        return (FOLDER / f"{self.level:04}_{self.name}.sql").read_text(encoding="utf-8")


STEPS = (
    Step(1, "shop", breaking=False),
    Step(2, "order_lines", breaking=True),
)
LEVEL = STEPS[-1].level
