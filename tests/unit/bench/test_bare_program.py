"""The bench compares like with like: its bare program registers what the adapter registers, with equal inputs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.bare_program import FOLDER, SETTINGS

ROOT = Path(__file__).resolve().parents[3]

RECORD_BARE = """
import asyncio, json, runpy, sys
import pulumi.runtime
from tenantry import registry
from tenantry.testing.declare import Recorder

async def main():
    recorder = Recorder(registry.sandbox("kubernetes").answers())
    pulumi.runtime.set_mocks(recorder.mocks, project="kit", stack="bare", preview=False, monitor=recorder)
    runpy.run_path(sys.argv[1])
    while pending := [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]:
        await asyncio.gather(*pending)
    json.dump(recorder.recorded, sys.stdout)

asyncio.run(main())
"""


def _by_name(resources: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (resource["type"], resource["name"]): resource["inputs"]
        for resource in resources
        if resource["custom"] and not resource["read"]
    }


def _record(script: str, *args: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", script, *args],
        cwd=ROOT,
        env={"PATH": "/usr/bin", "BENCH_FINGERPRINT": "unknown", **SETTINGS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_the_bare_program_declares_what_the_adapter_declares() -> None:
    ours = _by_name(
        _record("import json, sys; from bench.bare_program import recorded; json.dump(recorded(), sys.stdout)")
    )
    bare = _by_name(_record(RECORD_BARE, str(FOLDER / "__main__.py")))
    identity = ("tenantry:index:Identity", "bare-bench")
    assert ours[identity].pop("planFingerprint").startswith("sha256:")
    assert bare[identity].pop("planFingerprint") == "unknown"
    assert bare.keys() == ours.keys()
    for key, inputs in ours.items():
        assert bare[key] == inputs, f"{key}: run `python -m bench.bare_program`"
    assert len(ours) > 15
