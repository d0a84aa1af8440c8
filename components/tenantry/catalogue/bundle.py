"""Bundles: one template version with its sources and its locked wheels in one deterministic file.

```
bundle.json             format, name, version, digest of the tree, SHA-256 of each wheel, overlay where one is in it
template/<path>         the version's files
wheels/<file>           the wheels of every requirements.lock in it
```
A zip archive: entries in that order, each group by path, no times, no owners, not compressed. Same tree, same wheels,
same bytes, on every machine.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tenantry.errors import CatalogueError
from tenantry.spec.names import EXACT_SELECTOR, ID, SEMVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from tenantry.catalogue.tree import SourceTree
    from tenantry.catalogue.wheels import Wheel
    from tenantry.spec.plan import OverlayPlan

SUFFIX: Final = ".bundle"
INFO: Final = "bundle.json"
TEMPLATE: Final = "template/"
WHEELS: Final = "wheels/"
FORMAT: Final = 1
WHEEL_NAME: Final = re.compile(r"[A-Za-z0-9_.+!-]{1,200}\.whl")
_FILE_NAME: Final = re.compile(r"([a-z](?:-?[a-z0-9])*)-([0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?)\.bundle")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInfo:
    """What a bundle says of itself. `digest` is that of the tree below `template/`, the one that a lock holds.

    `wheels`: file name -> SHA-256 in hexadecimal. `overlay_base`, `overlay_digest`: of the overlay that was laid over
    the version before it was packed; None where there was none.
    """

    name: str
    version: str
    digest: str
    wheels: Mapping[str, str] = field(default_factory=dict)
    overlay_base: str | None = None
    overlay_digest: str | None = None

    @property
    def selector(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    @property
    def file_name(self) -> str:
        """The name of its file in a catalogue."""
        return bundle_name(self.name, self.version)

    def to_json(self) -> bytes:
        """The content of `bundle.json`."""
        data: dict[str, object] = {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "digest": self.digest,
            "wheels": dict(sorted(self.wheels.items())),
        }
        if self.overlay_base is not None:
            data["overlay"] = {"base": self.overlay_base, "digest": self.overlay_digest}
        return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()


def bundle_name(name: str, version: str) -> str:
    """`shop-1.2.0.bundle`."""
    return f"{name}-{version}{SUFFIX}"


def named_by(file_name: str) -> tuple[str, str] | None:
    """Name and version that a bundle's file name says; None where it says none."""
    found = _FILE_NAME.fullmatch(file_name)
    if found is None or re.fullmatch(SEMVER, found[2]) is None:
        return None
    return found[1], found[2]


def parse_info(content: bytes) -> BundleInfo:
    """What `bundle.json` says. Raises ValueError for anything else than this format."""
    data: Any = json.loads(content)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError(f"bundle.json is not of format {FORMAT}")
    wheels, overlay = data.get("wheels"), data.get("overlay", {"base": None, "digest": None})
    fits = (
        data.keys() - {"overlay"} == {"format", "name", "version", "digest", "wheels"}
        and _is(ID, data["name"])
        and _is(SEMVER, data["version"])
        and _is(_DIGEST, data["digest"])
        and isinstance(wheels, dict)
        and all(_is(WHEEL_NAME, name) and _is(_HEX, digest) for name, digest in wheels.items())
        and isinstance(overlay, dict)
        and overlay.keys() == {"base", "digest"}
        and ("overlay" not in data or (_is(EXACT_SELECTOR, overlay["base"]) and _is(_DIGEST, overlay["digest"])))
    )
    if not fits or wheels is None:
        raise ValueError("bundle.json says something else than a bundle's name, version, digest, wheels and overlay")
    return BundleInfo(
        name=data["name"],
        version=data["version"],
        digest=data["digest"],
        wheels=wheels,
        overlay_base=overlay["base"],
        overlay_digest=overlay["digest"],
    )


def pack_bundle(
    tree: SourceTree, name: str, version: str, *, wheels: Iterable[Wheel] = (), overlay: OverlayPlan | None = None
) -> bytes:
    """The bundle of a version's whole tree.

    Args:
        tree: with `template.yaml` at its top.
        name: the template's.
        version: the template's.
        wheels: what the sources' locks need; two with the same file name must be the same.
        overlay: what was laid over the version, where something was.

    Raises CatalogueError where a file changed while it was packed.
    """
    import io
    import zipfile

    by_name = {wheel.path.name: wheel for wheel in wheels}
    info = BundleInfo(
        name=name,
        version=version,
        digest=tree.digest,
        wheels={wheel.path.name: wheel.sha256 for wheel in by_name.values()},
        overlay_base=overlay.base if overlay else None,
        overlay_digest=overlay.digest if overlay else None,
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", strict_timestamps=True) as archive:
        for path, executable, content in _members(tree, info, by_name):
            member = zipfile.ZipInfo(path, _EPOCH)
            member.create_system = _UNIX
            member.external_attr = (0o100755 if executable else 0o100644) << 16
            # Not compressed: the bytes must not depend on which compression library packed them.
            member.compress_type = zipfile.ZIP_STORED
            archive.writestr(member, content)
    return packed.getvalue()


def _members(tree: SourceTree, info: BundleInfo, wheels: Mapping[str, Wheel]) -> Iterator[tuple[str, bool, bytes]]:
    yield INFO, False, info.to_json()
    for entry in tree.files:
        yield TEMPLATE + entry.path, entry.executable, tree.read(entry)
    for name in sorted(wheels):
        yield WHEELS + name, False, _read(wheels[name].path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CatalogueError(f"{path} cannot be read: {error.strerror}") from None


def _is(pattern: str | re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None
