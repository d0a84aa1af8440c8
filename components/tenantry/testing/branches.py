"""Looks for vendors in application sources: the same program runs everywhere, so it has no reason to know where."""

from __future__ import annotations

import re
from importlib import metadata
from typing import TYPE_CHECKING, Final

from tenantry import registry
from tenantry.spec.bindings import binding
from tenantry.spec.components import Service

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tenantry.catalogue import TemplateVersion
    from tenantry.catalogue.tree import SourceTree

DOCUMENTED: Final = frozenset({"PORT", "HOST", "TENANTRY_INSTANCE", "TENANTRY_TEMPLATE", "TENANTRY_URL"})
"""What every service gets beside its own variables and its bindings."""

OF_EVERY_PROCESS: Final = frozenset({"HOME", "LANG", "PATH", "TMPDIR", "TZ"})
"""What an operating system gives."""

_READS: Final = re.compile(r"""(?:\benviron(?:\.get)?|\bgetenv)\s*[\[(]\s*["']([A-Za-z_][A-Za-z0-9_]*)["']""")


def vendor_words() -> frozenset[str]:
    """Words that name an installed vendor: its stores, its plugins, and its packages."""
    words = set(registry.stores())
    for name in registry.runtimes():
        words |= {plugin.name for plugin in registry.runtime(name).required_plugins()}
        words |= {entry.module.split(".")[0] for entry in metadata.entry_points(group=registry.RUNTIMES, name=name)}
    return frozenset(words)


def vendor_branches(version: TemplateVersion, words: Collection[str]) -> list[str]:
    """Where a template version's sources name a vendor, or read a variable that no documented environment has.

    Sources of mini-programs are left out: a dialect is a file format, and a store's.

    Args:
        version: the opened version.
        words: what names a vendor, as `vendor_words` gives them.

    Returns:
        One text `COMPONENT/FILE:LINE: WHAT` per finding.
    """
    named = re.compile(
        "|".join(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])" for word in sorted(words)) or "(?!)", re.IGNORECASE
    )
    found = []
    for component, tree in sorted(version.sources.items()):
        if "/" in component:
            continue
        allowed = documented(version, component)
        for place, line in _lines(tree):
            found += [f"{component}/{place}: names {match[0]}" for match in named.finditer(line)]
            found += [
                f"{component}/{place}: reads {name}, which is in no documented environment"
                for name in _READS.findall(line)
                if name not in allowed
            ]
    return found


def documented(version: TemplateVersion, component: str) -> frozenset[str]:
    """Every variable that a component of this version may read."""
    service = version.template.components[component]
    if not isinstance(service, Service):
        return frozenset()
    bound = (binding(name, version.template.components[name].type) for name in service.bind)
    names = {variable.name for each in bound for variable in each}
    return DOCUMENTED | OF_EVERY_PROCESS | names | set(service.env)


def _lines(tree: SourceTree) -> Iterator[tuple[str, str]]:
    for entry in tree.files:
        try:
            text = tree.read(entry).decode("utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            yield f"{entry.path}:{number}", line
