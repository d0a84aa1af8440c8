"""`python -m bench`: prints every figure with its ratio and writes `.tenantry/bench.json`.

The exit code is 1 where a bar is missed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from bench import growth, overhead, packing, report, validate
from bench.bare_program import TEMPLATES
from bench.report import Figure

ROOT: Final = Path(__file__).resolve().parents[1]
VALIDATE_BARS: Final = {1_000: 2.0, 10_000: 20.0}
BARS: Final = {
    "bar": 1.0,
    "bare": overhead.BAR,
    f"at_{growth.FEW}": growth.BAR,
    "one_instance": growth.BAR,
    "one_deployment_before": growth.BAR,
}
"""By what a ratio is to: the largest that is allowed. Other ratios are for reading only."""


def _progress(line: str) -> None:
    print(f"• {line}", file=sys.stderr, flush=True)


def _validation(scratch: Path) -> list[Figure]:
    figures = []
    for count, bar in VALIDATE_BARS.items():
        _progress(f"validate: {count} instances, every tenth changed")
        measured = validate.run(scratch, TEMPLATES, count)
        name = f"validate_{count}"
        figures.append(
            Figure(name=f"{name}_wall", value=measured.wall, unit="s", ratio_to="bar", ratio=measured.wall / bar)
        )
        figures.append(Figure(name=f"{name}_cpu", value=measured.cpu, unit="s"))
    return figures


def main() -> int:
    """Measures, prints, writes; 1 where a bar is missed."""
    with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as folder:
        scratch = Path(folder)
        _progress("packing: the shop, twice, on two paths")
        figures = packing.figures(scratch, TEMPLATES) + _validation(scratch)
        figures += growth.adding(scratch, TEMPLATES, _progress)
        figures += overhead.figures(scratch, _progress)
    report.write(figures, ROOT / ".tenantry" / "bench.json")
    print(report.table(figures))
    missed = [
        figure.name
        for figure in figures
        if figure.ratio is not None and figure.ratio > BARS.get(figure.ratio_to, figure.ratio)
    ]
    if missed:
        print(f"missed: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
