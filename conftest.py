"""How several workers share the tests: which go to one worker together, and which of these groups begin first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling
    from xdist.workermanage import WorkerController

_LONGEST_FIRST: Final = (
    "conformance/test_data.py",
    "conformance/test_life.py",
    "tests/e2e/test_docs.py",
    "tests/integration/test_sandbox_",
    "tests/integration/test_kubernetes_plugin.py",
    "tests/integration/test_engine.py",
    "tests/e2e/test_cli.py",
    "conformance/test_isolation.py",
    "tests/e2e/",
    "conformance/",
    "tests/integration/",
)
"""They decide when a run ends."""

_BY_PARAMETER: Final = "conformance/test_life.py"
"""Follows one instance per account variant: those can live side by side."""

_BY_SANDBOX: Final = ("integration/test_sandbox_kubernetes.py", "integration/test_sandbox_data.py")
"""Take the sandbox of their worker, which they stop and kill."""


def _rank(item: pytest.Item) -> int:
    path = item.path.as_posix()
    return next((rank for rank, part in enumerate(_LONGEST_FIRST) if part in path), len(_LONGEST_FIRST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts by file; the order inside a file stays."""
    items.sort(key=_rank)


def _group(nodeid: str) -> str:
    """The tests that share fixtures: a file's; in one file those of one variant; those of several files."""
    file, _, name = nodeid.partition("::")
    if file.endswith(_BY_SANDBOX):
        return "sandbox"
    variant = re.search(r"\[(.+?)(-\d+)?\]$", name) if _BY_PARAMETER in file else None
    return f"{file}[{variant[1]}]" if variant else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:  # noqa: ANN401 - xdist's own type
    """A scheduler for these groups; runs without xdist never ask."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid)

        def _reschedule(self, node: WorkerController) -> None:
            # A worker starts a test once it knows the one after it. Nothing more is promised to it early, so that
            # nobody waits for what stands behind a long test while another worker has nothing to do.
            if not self.workqueue or self._pending_of(self.assigned_work[node]) <= 1:
                super()._reschedule(node)

    return Groups(config, log)
