"""Figures as a table and as `.tenantry/bench.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line: a value with its unit, and its ratio to a named other figure or bar where there is one."""

    name: str
    value: float
    unit: str
    ratio_to: str = ""
    ratio: float | None = None


def write(figures: list[Figure], file: Path) -> None:
    """Writes a JSON list of objects with name, value, unit, ratio_to, ratio."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n", encoding="utf-8")


def table(figures: list[Figure]) -> str:
    """The figures as aligned text."""
    rows = [("name", "value", "unit", "ratio", "to")]
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.3f}"
        rows.append((figure.name, f"{figure.value:.3f}", figure.unit, ratio, figure.ratio_to))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
