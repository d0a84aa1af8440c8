"""Our share of an operation without changes: a Tenantry project against a bare Pulumi program with equal resources."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bench import growth
from bench.bare_program import FOLDER, INSTANCE, TEMPLATES, TENANT
from bench.measure import Pairs, Sample, alternate, run
from bench.report import Figure
from tenantry.testing.operator import Operator
from tenantry.testing.record import identity_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

PAIRS: Final = 10
BAR: Final = 1.10
OURS: Final = "bench"
_OPERATIONS: Final = {
    "preview": ("preview", "--non-interactive"),
    "up": ("up", "--yes", "--skip-preview", "--non-interactive"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two programs: its folder, its stack and its environment."""

    folder: Path
    stack: str
    environment: Mapping[str, str]

    def measure(self, *args: str) -> Sample:
        """One plain `pulumi` operation."""
        pulumi = shutil.which("pulumi", path=self.environment["PATH"])
        if pulumi is None:
            raise FileNotFoundError("no engine: run `tenantry engine install`")
        return run([pulumi, *args, "--stack", self.stack], self.folder, self.environment)


def figures(scratch: Path, progress: Callable[[str], None]) -> list[Figure]:
    """Starts a sandbox, deploys both sides, measures, and takes everything down again."""
    operator = Operator(scratch / "project", "kubernetes")
    try:
        operator.start(TEMPLATES)
        return _measure(operator, scratch, progress) + growth.disk(operator, progress)
    finally:
        operator.stop()


def _measure(operator: Operator, scratch: Path, progress: Callable[[str], None]) -> list[Figure]:
    progress("overhead: deploying both sides")
    ours = _ours(operator)
    bare = _bare(operator, ours, scratch)
    found: list[Figure] = []
    for name, args in _OPERATIONS.items():
        progress(f"overhead: {PAIRS} pairs of {name}")
        pairs = alternate(lambda args=args: ours.measure(*args), lambda args=args: bare.measure(*args), PAIRS)  # type: ignore[misc] # bound now
        found += _lines(f"overhead_{name}", pairs, "bare")
        command = [sys.executable, "-m", "tenantry_ops", "--quiet", name, ours.stack]
        added = alternate(
            lambda command=command: run(command, operator.root, operator.environment),  # type: ignore[misc] # bound now
            lambda args=args: ours.measure(*args),  # type: ignore[misc] # bound now
            PAIRS // 2,
        )
        found += _lines(f"overhead_of_the_tenantry_command_{name}", added, "plain_pulumi")
    return found


def _ours(operator: Operator) -> Side:
    operator.tenantry(
        "new", "tenant", OURS, "--template", TENANT["template"], "--runtime", "kubernetes", "--plan", TENANT["plan"],
        "--param", f"shop_name={TENANT['parameters']['shop_name']}",
    )  # fmt: skip
    operator.tenantry("up", OURS)
    given: dict[str, str] = operator.tenantry("env", OURS, "--json").json
    return Side(folder=operator.root, stack=OURS, environment=operator.environment | given)


def _bare(operator: Operator, ours: Side, scratch: Path) -> Side:
    folder = scratch / "bare"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    _name_own_plugin(operator.root, folder)
    environment = dict(ours.environment) | {"BENCH_FINGERPRINT": identity_of(operator.state(OURS))["planFingerprint"]}
    side = Side(folder=folder, stack=INSTANCE, environment=environment)
    side_pulumi = shutil.which("pulumi", path=environment["PATH"]) or "pulumi"
    run([side_pulumi, "stack", "init", INSTANCE, "--secrets-provider", "passphrase"], folder, environment)
    side.measure("up", "--yes", "--skip-preview", "--non-interactive")
    return side


def _name_own_plugin(project: Path, folder: Path) -> None:
    """The bare project names the identity's plugin as an operator's project does."""
    import yaml

    given: dict[str, Any] = yaml.safe_load((project / "Pulumi.yaml").read_text(encoding="utf-8"))
    bare: dict[str, Any] = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))
    for plugin in given.get("plugins", {}).get("providers", []):
        plugin["path"] = str((project / plugin["path"]).resolve())
        bare.setdefault("plugins", {}).setdefault("providers", []).append(plugin)
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(bare, sort_keys=False), encoding="utf-8")


def _lines(name: str, pairs: Pairs, other: str) -> list[Figure]:
    return [
        Figure(
            name=f"{name}_wall",
            value=pairs.median(pairs.ours, lambda sample: sample.wall),
            unit="s",
            ratio_to=other,
            ratio=pairs.ratio(lambda sample: sample.wall),
        ),
        Figure(
            name=f"{name}_cpu",
            value=pairs.median(pairs.ours, lambda sample: sample.cpu),
            unit="s",
            ratio_to=other,
            ratio=pairs.ratio(lambda sample: sample.cpu),
        ),
    ]
