"""The order of the tests: the longest files first, since they decide when a run with several workers ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pytest

_LONGEST_FIRST: Final = (
    "conformance/test_life.py",
    "tests/e2e/test_docs.py",
    "tests/integration/test_kubernetes_plugin.py",
    "tests/integration/test_engine.py",
    "tests/e2e/test_cli.py",
    "tests/integration/test_sandbox_kubernetes.py",
    "conformance/test_isolation.py",
    "tests/e2e/",
    "conformance/",
    "tests/integration/",
)


def _rank(item: pytest.Item) -> int:
    path = item.path.as_posix()
    return next((rank for rank, part in enumerate(_LONGEST_FIRST) if part in path), len(_LONGEST_FIRST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts by file; the order inside a file stays."""
    items.sort(key=_rank)
