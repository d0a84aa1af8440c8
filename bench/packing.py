"""Packing: the newest released shop, packed by two processes on two paths; both files must hold the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from bench.report import Figure
from tenantry.catalogue import Catalogue

if TYPE_CHECKING:
    from pathlib import Path


def figures(scratch: Path, templates: Path) -> list[Figure]:
    """Seconds for one packing, size of the bundle, and the number of bytes in which the two differ (bar: none)."""
    versions = [version for version in Catalogue(templates).versions("shop") if _released(templates, version)]
    source = templates / "shop" / versions[-1]
    # The first packing may fetch wheels: it is not measured.
    _pack(source, scratch / "warm.bundle", seed="0")
    packed = []
    walls = []
    for number, folder in enumerate(("one", "a much longer path/to the other")):
        copy = scratch / folder / "shop" / versions[-1]
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        started = time.perf_counter()
        packed.append(_pack(copy, scratch / f"{number}.bundle", seed=str(number + 1)))
        walls.append(time.perf_counter() - started)
    one, other = packed
    differing = sum(a != b for a, b in zip(one, other, strict=False)) + abs(len(one) - len(other))
    return [
        Figure(name="pack_shop_wall", value=min(walls), unit="s"),
        Figure(name="pack_shop_size", value=len(one), unit="bytes"),
        Figure(
            name="pack_shop_differing",
            value=differing,
            unit="bytes",
            ratio_to="bar",
            ratio=0.0 if one == other else 2.0,
        ),
    ]


def _released(templates: Path, version: str) -> bool:
    return f"shop@{version}" in Catalogue(templates).lock


def _pack(source: Path, target: Path, *, seed: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-m", "tenantry_ops", "template", "pack", str(source), "--output", str(target), "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=target.parent,
        env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": "C"},
    )
    if done.returncode != 0:
        raise RuntimeError(f"packing failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    content = target.read_bytes()
    if json.loads(done.stdout)["size"] != len(content):
        raise AssertionError(done.stdout)
    return content
