"""Sources travel in a ConfigMap up to its limit, and no byte above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tenantry.catalogue.delivery import PackedSource
from tenantry.catalogue.platforms import Platform
from tenantry.errors import CapabilityError
from tenantry.spec.plan import SourceRef
from tenantry_kubernetes.packing import CONFIG_MAP_LIMIT, PACKED_LIMIT, PROGRAMS_ROOM, pack
from tenantry_kubernetes.workloads.config import SITE_SERVER, UNPACK, program

if TYPE_CHECKING:
    from tenantry.catalogue.platforms import Architecture

REF = SourceRef(digest="sha256:" + "a" * 64, files=1, size=10)
DELIVERED = SourceRef(digest="sha256:" + "b" * 64, files=7, size=70)


@dataclass(frozen=True)
class Sized:
    size: int
    digest: str = REF.digest
    native: bool = False

    def archive(self) -> bytes:
        return bytes(self.size)

    def packed(self, platform: Platform | None = None) -> PackedSource:
        return PackedSource(ref=DELIVERED if platform else REF, archive=bytes(self.size), native=self.native)


def test_the_programs_fit_beside_the_largest_archive() -> None:
    programs = sum(len(program(name).encode()) for name in (SITE_SERVER, UNPACK))
    assert programs <= PROGRAMS_ROOM
    assert PACKED_LIMIT + programs <= CONFIG_MAP_LIMIT


def test_the_limit_is_exact() -> None:
    fits = pack("api", {"api": Sized(PACKED_LIMIT)}, "https://b.example.com")
    assert fits.archive is not None
    assert fits.url is None
    large = pack("api", {"api": Sized(PACKED_LIMIT + 1)}, "https://b.example.com")
    assert large.archive is None
    assert large.url == f"https://b.example.com/{'a' * 64}.tar.gz"
    with pytest.raises(CapabilityError, match="The sources of api"):
        pack("api", {"api": Sized(PACKED_LIMIT + 1)}, None)


@pytest.mark.parametrize(
    ("architecture", "native", "node"),
    [("x86_64", True, "amd64"), ("aarch64", True, "arm64"), ("aarch64", False, None)],
)
def test_what_is_delivered_is_what_is_checked(architecture: Architecture, native: bool, node: str | None) -> None:
    platform = Platform(runtime="python3.11", architecture=architecture)
    found = pack("api", {"api": Sized(10, native=native)}, None, platform)
    assert (found.ref, found.architecture) == (DELIVERED, node)
    far = pack("api", {"api": Sized(PACKED_LIMIT + 1)}, "https://b.example.com", platform)
    assert far.url == f"https://b.example.com/{'b' * 64}.tar.gz"


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
