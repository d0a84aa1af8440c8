"""Pulumi's official installer, the one in its own Python package, run in a child process with a time limit.

A child because it writes where it likes, may hang on a network that swallows packets, and because only
tenantry_ops.engine loads Pulumi's automation package into the process of the command line.
"""

from __future__ import annotations

import os
import sys
from functools import cache as once
from typing import TYPE_CHECKING

from tenantry.errors import PreflightError
from tenantry_toolchain import cache, folders, recipes
from tenantry_toolchain.cache import Slot
from tenantry_toolchain.progress import Progress, Step
from tenantry_toolchain.recipe import target
from tenantry_toolchain.refusal import redact
from tenantry_toolchain.versions import ask

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry_toolchain.process import Outcome

PROBE_SECONDS = 10.0
"""How long the installer's host may take to answer at all."""

LIMIT_SECONDS = 900.0
"""How long download and unpacking may take once it answered; about 150 MB."""

_REACHED = "tenantry: reached"

_PROGRAM = f"""
import socket, sys, urllib.request
socket.setdefaulttimeout({PROBE_SECONDS})
class Reached(urllib.request.BaseHandler):
    def https_response(self, request, response):
        print({_REACHED!r}, file=sys.stderr, flush=True)
        return response
    http_response = https_response
urllib.request.install_opener(urllib.request.build_opener(Reached))
from subprocess import CalledProcessError
from pulumi.automation import PulumiCommand
try:
    PulumiCommand.install(root=sys.argv[1])
except CalledProcessError as error:
    sys.exit((error.output or b"").decode(errors="replace") + str(error))
except Exception as error:
    sys.exit(f"{{type(error).__name__}}: {{error}}")
"""


@once
def slot() -> Slot:
    """The place of the official engine of the pinned version: its version is all that decides its bytes."""
    system, machine = target()
    version = recipes.engine().version
    return Slot(family="engine-official", fingerprint=f"{version}-{system}-{machine}".ljust(64, "0"))


def obtain(progress: Progress) -> cache.Stored:
    """The official engine, downloaded where it is not in the cache yet.

    Raises:
        PreflightError: its host cannot be reached, or the download failed.
    """
    return cache.obtain(slot(), lambda stage: _install(stage, progress), progress)


def _install(stage: Path, progress: Progress) -> cache.Made:
    from tenantry_toolchain import process

    version = recipes.engine().version
    step = Step(f"Installing pulumi {version} with the official installer", progress)
    step.begin()
    reached: list[float] = []

    def watch(line: str) -> None:
        if line == _REACHED:
            reached.append(step.seconds)

    def expired(seconds: float) -> bool:
        return seconds - reached[0] > LIMIT_SECONDS if reached else seconds > PROBE_SECONDS

    outcome = process.run(
        [sys.executable, "-c", _PROGRAM, stage],
        cwd=stage,
        env=os.environ | {"TMPDIR": str(stage)},
        on_error_line=watch,
        on_tick=step.tick,
        expired=expired,
    )
    if not outcome.ok:
        raise PreflightError(_reason(outcome, reached=bool(reached)))
    for left in stage.iterdir():
        if left.name != "bin":
            folders.remove(left) if left.is_dir() else left.unlink()
    found = ask(stage / "bin" / "pulumi", "version")
    if str(found) != version:
        raise PreflightError(f"it installed pulumi {found} instead of {version}.")
    step.end()
    return cache.Made(version=version, origin="installer", details={})


def _reason(outcome: Outcome, *, reached: bool) -> str:
    lines = [line for line in redact(outcome.errors).splitlines() if line.strip() and line != _REACHED]
    last = lines[-1].strip()[:300] if lines else f"it ended with code {outcome.code}"
    if outcome.code is None:
        last = f"no end after {LIMIT_SECONDS:.0f} s" if reached else f"no answer within {PROBE_SECONDS:.0f} s"
    return f"{'it failed' if reached else 'its host could not be reached'}: {last}"
