"""The rules that the kit tests, read from the names of its tests."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import Final

from tenantry.testing import conformance

FOLDER: Final = Path(conformance.__path__[0])
"""Where the tests of the kit lie."""

SANDBOX: Final = "R9"
"""The rule without which nothing can be deployed."""

_TEST: Final = re.compile(r"test_r(\d+)_")
_DEPLOYING: Final = "operators"
"""The fixture by which tests deploy."""


def rule_of(test: str) -> str | None:
    """The rule that a test of the kit tests, such as `R7`; None for another function."""
    found = _TEST.match(test)
    return f"R{found[1]}" if found else None


@functools.cache
def rules() -> dict[str, bool]:
    """Every rule in order -> whether a test of it deploys to the sandbox."""
    shared = _functions(FOLDER / "conftest.py")
    found: dict[str, bool] = {}
    for file in sorted(FOLDER.glob("test_*.py")):
        known = shared | _functions(file)
        for name in known:
            rule = rule_of(name)
            if rule is not None:
                found[rule] = found.get(rule, False) or _DEPLOYING in _needs(name, known)
    return dict(sorted(found.items(), key=lambda item: int(item[0][1:])))


def _functions(file: Path) -> dict[str, set[str]]:
    """Functions of a module -> the names of their parameters."""
    return {
        node.name: {argument.arg for argument in node.args.args}
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }


def _needs(name: str, known: dict[str, set[str]]) -> set[str]:
    """The fixtures of a test, and theirs."""
    found: set[str] = set()
    open_names = set(known.get(name, ()))
    while open_names:
        one = open_names.pop()
        if one not in found:
            found.add(one)
            open_names |= known.get(one, set())
    return found
