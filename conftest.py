"""Which tests may run side by side: those of one group share a session's costly fixtures and keep their order."""

from __future__ import annotations

from typing import Final

import pytest

_GROUPS: Final = (
    # The longest first: they decide when the whole run ends.
    ("conformance/test_life.py", "kit-life"),
    ("tests/e2e/test_docs.py", "docs"),
    ("tests/integration/test_engine.py", "engine"),
    ("tests/integration/test_kubernetes_plugin.py", "plugin"),
    ("tests/e2e/test_demo.py", "demo"),
    ("tests/e2e/test_cli.py", "cli"),
    ("tests/e2e/", "browser"),
    ("conformance/", "kit"),
    ("tests/integration/test_toolchain.py", "toolchain"),
    ("tests/integration/test_identity.py", "identity"),
    ("tests/integration/test_program.py", "identity"),
    ("tests/integration/test_sandbox_processes.py", "processes"),
    ("tests/integration/", "sandbox"),
)


def _group(item: pytest.Item) -> tuple[int, str]:
    path = item.path.as_posix()
    for rank, (part, name) in enumerate(_GROUPS):
        if part in path:
            variant = getattr(item, "callspec", None)
            parts = variant.params.get("variant") if name == "kit-life" and variant is not None else None
            return rank, "-".join([name, *(parts or ())])
    return len(_GROUPS), path


def pytest_itemcollected(item: pytest.Item) -> None:
    """Puts every test into its group, before the groups are read."""
    item.add_marker(pytest.mark.xdist_group(_group(item)[1]))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the long groups first."""
    items.sort(key=lambda item: _group(item)[0])
