"""Rules that a runtime does not keep yet, as its own package says: in the pyproject.toml of the folder of the run.

```toml
[tool.tenantry.kit]
runtimes = ["mycloud"]

[tool.tenantry.kit.lacking]
R16 = "the vendor has no idempotent create"
```

The tests of such a rule may fail. Where every one of them passes, the run fails: the rule is kept, and belongs out of
the list.
"""

from __future__ import annotations

import functools
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.testing.rules import FOLDER, SANDBOX, rule_of, rules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class KitSettings:
    """`runtimes` limits the run, where it names any; `lacking` maps a rule to why it is not kept."""

    runtimes: tuple[str, ...] = ()
    lacking: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    @functools.cache
    def read(cls, folder: Path) -> KitSettings:
        """From `pyproject.toml` in this folder. Raises UsageError for what cannot be meant."""
        try:
            data: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            raise pytest.UsageError(f"{folder / 'pyproject.toml'} cannot be read: {error}") from error
        found = data.get("tool", {}).get("tenantry", {}).get("kit", {})
        made = cls(tuple(found.get("runtimes", ())), dict(found.get("lacking", {})))
        strange = sorted(set(found) - {"runtimes", "lacking"})
        if strange:
            raise pytest.UsageError(f"[tool.tenantry.kit] has no {', '.join(strange)}; it has: runtimes, lacking")
        unknown = sorted(set(made.lacking) - set(rules()))
        if unknown:
            raise pytest.UsageError(f"[tool.tenantry.kit.lacking] names rules that do not exist: {', '.join(unknown)}")
        return made


class Gaps:
    """A pytest plugin that expects the tests of the lacking rules to fail."""

    def __init__(self, settings: KitSettings) -> None:
        self._settings = settings
        self._expected: dict[str, str] = {}
        self._outcomes: dict[str, list[bool]] = defaultdict(list)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Marks the tests."""
        for item in items:
            rule = rule_of(item.name)
            if rule is not None and rule in self._settings.lacking and FOLDER in item.path.parents:
                self._expected[item.nodeid] = rule
                reason = f"{rule}: {self._settings.lacking[rule]}"
                item.add_marker(pytest.mark.xfail(reason=reason, strict=False, run=self._can_run(rule)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remembers which of them passed."""
        if report.nodeid in self._expected and (report.when == "call" or report.skipped):
            self._outcomes[self._expected[report.nodeid]].append(report.passed)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fails the run where a rule of the list is kept."""
        if self._kept and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Says what is still lacking, and what no longer is."""
        if self._settings.lacking:
            terminalreporter.section("rules that are not kept yet")
        for rule, why in self._settings.lacking.items():
            terminalreporter.line(f"{rule}: {why}")
        for rule in self._kept:
            terminalreporter.line(f"{rule} is kept now: take it out of [tool.tenantry.kit.lacking].", red=True)

    def _can_run(self, rule: str) -> bool:
        """Without a sandbox, every test that deploys would only find that out again, after some seconds."""
        return rule == SANDBOX or SANDBOX not in self._settings.lacking or not rules()[rule]

    @property
    def _kept(self) -> list[str]:
        return [rule for rule, outcomes in self._outcomes.items() if all(outcomes)]
