"""What one more instance costs: CPU time of adding it beside few and beside many, and the disk that it takes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench import validate
from bench.measure import Sample, alternate, run
from bench.report import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.testing.operator import Operator

FEW: Final = 10
MANY: Final = 2_000
PAIRS: Final = 5
BAR: Final = 1.2
INSTANCES: Final = 200
TEMPLATE: Final = ("--template", "shop@1.1.0", "--runtime", "kubernetes", "--plan", "free")
ACCOUNT: Final = (
    "--account", "kubeconfig=ref:env:BENCH_KUBECONFIG", "--account", "routing.kind=ingress",
    "--account", "routing.class=nginx", "--account", "routing.host_suffix=apps.example.com",
)  # fmt: skip


def adding(scratch: Path, templates: Path, progress: Callable[[str], None]) -> list[Figure]:
    """`tenantry new tenant` with its stack, beside `FEW` and beside `MANY` instances, in turn."""
    progress(f"adding: one instance beside {FEW} and beside {MANY}, {PAIRS} pairs")
    sides = [_Adding(scratch / f"adding-{count}", templates, count) for count in (MANY, FEW)]
    pairs = alternate(sides[0].one_more, sides[1].one_more, PAIRS)
    return [
        Figure(
            name=f"add_instance_at_{MANY}_{kind}",
            value=pairs.median(pairs.ours, figure),
            unit="s",
            ratio_to=other,
            ratio=pairs.ratio(figure),
        )
        for kind, other, figure in (
            ("cpu", f"at_{FEW}", lambda sample: sample.cpu),
            # Wall time is for reading: it tells more of what else the machine does.
            ("wall", f"wall_at_{FEW}", lambda sample: sample.wall),
        )
    ]


class _Adding:
    """A project with many instances that gets one more at a time; the first one builds the index."""

    def __init__(self, folder: Path, templates: Path, count: int) -> None:
        validate.write_project(folder, templates, count)
        (folder / "stacks").mkdir()
        self._folder = folder
        self._added = 0
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(("PULUMI_", "TENANTRY_"))}
        kept = {name: os.environ[name] for name in ("TENANTRY_CACHE", "TENANTRY_ENGINE") if name in os.environ}
        self._environment = inherited | kept

    def one_more(self) -> Sample:
        self._added += 1
        name = f"added-{self._added}"
        command = [sys.executable, "-m", "tenantry_ops", "--quiet", "new", "tenant", name, *TEMPLATE, *ACCOUNT]
        return run([*command, "--param", f"shop_name={name}"], self._folder, self._environment)


def disk(operator: Operator, progress: Callable[[str], None]) -> list[Figure]:
    """What 200 instances take beside their states, from what one more deployed instance is measured to take.

    One is deployed and brought up to date until its history is as long as it gets. What all share is counted once: the
    Python environment, the engine, the project with its plugins.
    """
    from tenantry_ops.engine.runner import HISTORY
    from tenantry_toolchain import engine

    progress(f"disk: one more instance, {HISTORY + 2} deployments")
    before = _measured(operator.root)
    operator.tenantry("new", "tenant", "one-more", *TEMPLATE, "--param", "shop_name=More")
    sizes = []
    for _ in range(HISTORY + 2):
        operator.tenantry("up", "one-more")
        sizes.append(_measured(operator.root))
    after = sizes[-1]
    found = engine.find()
    shared = _size(Path(sys.prefix)) + (_size(found.pulumi.parent) if found is not None else 0)
    more = after["project"] - before["project"]
    one = shared + before["project"]
    total = one + (INSTANCES - 1) * more
    grown = (after["state"] - before["state"]) / (sizes[-2]["state"] - before["state"])
    return [
        Figure(name="disk_of_one_more_instance", value=more / 1024, unit="KiB"),
        Figure(
            name=f"disk_for_{INSTANCES}_instances",
            value=total / 2**20,
            unit="MiB",
            ratio_to="one_instance",
            ratio=total / one,
        ),
        Figure(
            name="state_of_one_instance_with_its_history",
            value=(after["state"] - before["state"]) / 1024,
            unit="KiB",
            ratio_to="one_deployment_before",
            ratio=grown,
        ),
    ]


def _measured(root: Path) -> Mapping[str, int]:
    """Bytes on the disk: of the project without state and sandbox, and of the state with its history."""
    state, sandbox = root / ".tenantry" / "state", root / ".tenantry" / "sandbox"
    return {"state": _size(state), "project": _size(root) - _size(state) - _size(sandbox)}


def _size(folder: Path) -> int:
    """Bytes on the disk below a folder, each file counted once however many names it has."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                status = os.lstat(Path(place) / name)
            except FileNotFoundError:
                continue
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_blocks * 512
    return total
