"""Lint of the sources: keys, branches for vendors, packages without a lock, stray files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tenantry.catalogue.lint import LintFinding
from tenantry.catalogue.requirements import LOCK_FILE
from tenantry.spec.check_sources import source_paths
from tenantry.spec.components import MiniProgram, Service
from tenantry.spec.shown import looks_like_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tenantry.catalogue.catalogue import TemplateVersion
    from tenantry.catalogue.lint import Severity
    from tenantry.catalogue.tree import SourceTree

_MAX_READ: Final = 2 * 1024 * 1024
_MOST_PER_FILE: Final = 20
_BRANCH_COST: Final = 20
_CODE: Final = (".py", ".js", ".mjs", ".cjs", ".ts", ".jsx", ".tsx", ".go", ".rb", ".php", ".java", ".sh")
_COMMENT: Final = re.compile(r"^\s*(#|//|\*|/\*|<!--)")
_DECIDES: Final = re.compile(r"\b(if|elif|else|case|match|switch|when|in)\b|[=!]=|\?|\.get\(|\[")
"""What makes a line one that decides by a name that stands there alone in quotes."""
_STRAY: Final = re.compile(
    r"(^|/)(\.env(\..+)?|\.git|\.gitignore|\.venv|venv|node_modules|\.idea|\.vscode|\.ruff_cache|\.pytest_cache|\.mypy_cache"
    r"|Thumbs\.db|id_(rsa|ed25519|ecdsa)|.+\.(pyc|pem|key|p12|pfx|swp|bak|orig|log))(/|$)"
)
_UNLOCKED: Final = ("requirements.txt", "requirements.in", "Pipfile", "poetry.lock", "uv.lock", "pyproject.toml")


def source_findings(version: TemplateVersion, vendors: Collection[str]) -> Iterator[LintFinding]:
    """Every finding in the version's files."""
    words = _words(vendors)
    own = _dialect_folders(version)
    for entry in version.tree.files:
        if found := _STRAY.search(entry.path):
            hint = "remove it: everything in the folder is delivered"
            yield _finding("stray", "warning", entry.path, f"{found[2]} does not belong in a template", hint)
        if entry.size > _MAX_READ:
            continue
        lines = version.tree.read(entry).decode("utf-8", "replace").splitlines()
        yield from _keys(entry.path, lines)
        if words is not None and entry.path.endswith(_CODE) and not entry.path.startswith(own):
            yield from _branches(entry.path, lines, words)
    for name, component in version.template.components.items():
        if isinstance(component, MiniProgram):
            continue
        tree = version.sources.get(name)
        if tree is not None:
            python = isinstance(component, Service) and (component.runtime or "").startswith("python")
            folder = source_paths(version.template)[name][0].removeprefix("./").rstrip("/")
            yield from _packages(tree, folder, python=python)


def _words(vendors: Collection[str]) -> re.Pattern[str] | None:
    """Any of the names in a form that code has and a text for people has not.

    Alone in quotes; in a NAME_OF_A_VARIABLE; imported.
    """
    if not vendors:
        return None
    names = "|".join(re.escape(name) for name in sorted(vendors))
    variables = "|".join(re.escape(name.upper().replace("-", "_")) for name in sorted(vendors))
    return re.compile(
        rf"(?P<quote>[\"'`])(?P<alone>(?i:{names}))(?P=quote)"
        rf"|\b(?:[A-Z0-9]+_)*(?P<variable>{variables})(?:_[A-Z0-9]+)+\b"
        rf"|(?:^\s*(?:import|from)\s+|\brequire\([\"'])(?P<imported>(?i:{names}))\b"
    )


def _dialect_folders(version: TemplateVersion) -> tuple[str, ...]:
    """A mini-program's sources are written for one store: what they say of it is no branch."""
    return tuple(
        folder.removeprefix("./").rstrip("/") + "/"
        for key, (folder, _) in source_paths(version.template).items()
        if "/" in key
    ) or ("\0",)


def _keys(path: str, lines: list[str]) -> Iterator[LintFinding]:
    for number, line in enumerate(lines, 1):
        if looks_like_key(line):
            hint = "take it out, make it invalid where it was valid, and read it from the environment"
            yield _finding("secret", "error", path, "this looks like a key or a token", hint, line=number)
            return


def _branches(path: str, lines: list[str], words: re.Pattern[str]) -> Iterator[LintFinding]:
    shown = 0
    for number, line in enumerate(lines, 1):
        found = words.search(line)
        if found is None or _COMMENT.match(line) or (found["alone"] and not _DECIDES.search(line)):
            continue
        name = found["alone"] or found["variable"] or found["imported"]
        yield _finding(
            "vendor-branch",
            "error",
            path,
            f"the application asks for {name.lower()}",
            "use the documented environment of the components only; it is the same everywhere",
            line=number,
            cost=_BRANCH_COST,
        )
        shown += 1
        if shown == _MOST_PER_FILE:
            return


def _packages(tree: SourceTree, folder: str, *, python: bool) -> Iterator[LintFinding]:
    paths = {entry.path for entry in tree.files}
    if LOCK_FILE in paths and not python:
        message = f"nothing reads {LOCK_FILE} here: only services that run Python have packages"
        yield _finding("lock", "warning", f"{folder}/{LOCK_FILE}", message, "remove it, or set runtime: python3.11")
    if python and LOCK_FILE not in paths:
        for name in _UNLOCKED:
            if name in paths:
                hint = f"make it: uv pip compile {name} --generate-hashes -o {LOCK_FILE}"
                message = f"no package is installed from {name}: only from {LOCK_FILE}"
                yield _finding("lock", "warning", f"{folder}/{name}", message, hint)


def _finding(
    code: str, severity: Severity, file: str, message: str, hint: str, *, line: int = 0, cost: int = 0
) -> LintFinding:
    return LintFinding(code=code, severity=severity, file=file, line=line, message=message, hint=hint, cost=cost)
