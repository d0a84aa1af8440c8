"""Sources travel in a ConfigMap up to its limit, and no byte above it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tenantry.errors import CapabilityError
from tenantry.spec.plan import SourceRef
from tenantry_kubernetes.packing import CONFIG_MAP_LIMIT, PACKED_LIMIT, PROGRAMS_ROOM, pack
from tenantry_kubernetes.workloads.config import SITE_SERVER, UNPACK, program

REF = SourceRef(digest="sha256:" + "a" * 64, files=1, size=10)


@dataclass(frozen=True)
class Sized:
    digest: str
    size: int

    def archive(self) -> bytes:
        return bytes(self.size)


def test_the_programs_fit_beside_the_largest_archive() -> None:
    programs = sum(len(program(name).encode()) for name in (SITE_SERVER, UNPACK))
    assert programs <= PROGRAMS_ROOM
    assert PACKED_LIMIT + programs <= CONFIG_MAP_LIMIT


def test_the_limit_is_exact() -> None:
    fits = pack("api", REF, {"api": Sized(REF.digest, PACKED_LIMIT)}, "https://b.example.com")
    assert fits.archive is not None
    assert fits.url is None
    large = pack("api", REF, {"api": Sized(REF.digest, PACKED_LIMIT + 1)}, "https://b.example.com")
    assert large.archive is None
    assert large.url == f"https://b.example.com/{'a' * 64}.tar.gz"
    with pytest.raises(CapabilityError, match="The sources of api"):
        pack("api", REF, {"api": Sized(REF.digest, PACKED_LIMIT + 1)}, None)


@pytest.mark.parametrize("name", [SITE_SERVER, UNPACK])
def test_programs_for_pods_need_nothing_but_the_standard_library(name: str) -> None:
    import ast
    import sys

    found = set()
    for node in ast.walk(ast.parse(program(name))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    # Only for type checkers: it stands behind TYPE_CHECKING and is never loaded (the programs' own tests run them).
    assert found - {"typing_extensions"} <= set(sys.stdlib_module_names)
