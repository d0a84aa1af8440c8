"""Where a template version stands: a folder of sources, or a bundle that is checked and unpacked into the cache."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.catalogue.bundle import INFO, TEMPLATE, WHEELS, bundle_name, named_by, parse_info
from tenantry.catalogue.cache import folder_once
from tenantry.catalogue.scan import sha256_of
from tenantry.errors import CatalogueError

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry.catalogue.signing import Trust

TEMPLATE_FILE: Final = "template.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the files of a version are read from.

    `bundle`: the file that they came from, None for a folder of sources. `digest`: what the bundle says the tree has.
    `signed_by`: the trusted publishers that signed it. `vendored`: the folder of its wheels.
    """

    folder: Path
    bundle: Path | None = None
    digest: str | None = None
    signed_by: tuple[str, ...] = ()
    vendored: Path | None = None


def versions_in(folder: Path, name: str) -> set[str]:
    """Versions that a template's folder holds, as folders or as bundles; what only looks like one is passed over."""
    found = {path.name for path in folder.iterdir() if (path / TEMPLATE_FILE).exists()}
    named = (named_by(path.name) for path in folder.glob("*.bundle"))
    return found | {one[1] for one in named if one is not None and one[0] == name}


def place_of(folder: Path, name: str, version: str, trust: Trust | None) -> Place | None:
    """Where a version is; None where it is not there. `folder` is that of its template.

    Raises CatalogueError where it must not be used: a link, not trusted, damaged, or there twice.
    """
    sources, bundle = folder / version, folder / bundle_name(name, version)
    has_sources, has_bundle = (sources / TEMPLATE_FILE).exists(), bundle.is_symlink() or bundle.exists()
    if not has_sources and not has_bundle:
        return None
    if has_sources and has_bundle:
        raise CatalogueError(
            f"{name}@{version} is there twice: {sources} and {bundle}", hint="keep one of the two in the catalogue"
        )
    for link in (folder, sources, bundle):
        if link.is_symlink():
            raise CatalogueError(f"{link} is a symbolic link", hint="put the folder or file itself there")
    if has_bundle:
        return open_bundle(bundle, trust, selector=f"{name}@{version}")
    if trust is not None and trust.required:
        raise CatalogueError(
            f"{name}@{version} is a folder of sources, and the project requires signatures, which only bundles have",
            hint=f"pack and sign it: tenantry template pack {name}@{version}; or leave out trust.require-signatures",
        )
    return Place(folder=sources)


def open_bundle(path: Path, trust: Trust | None = None, *, selector: str | None = None) -> Place:
    """Checks a bundle and unpacks it once: its signatures before anything in it is read, then all of it.

    Args:
        path: the file.
        trust: whose signatures count; nobody's where None.
        selector: `name@version` that it must hold; what it says of itself where None.

    Raises CatalogueError.
    """
    from tenantry.catalogue.unbundle import read_info

    sha256 = sha256_of(path)
    expected = selector or read_info(path).selector
    signed_by = signers(path, expected, sha256, trust)
    folder = folder_once("bundles", sha256, lambda stage: _unpack_private_copy(path, stage, sha256))
    try:
        said = parse_info((folder / INFO).read_bytes())
    except (OSError, ValueError):
        raise CatalogueError(f"{folder} is damaged", hint=f"remove it: rm -r {folder}") from None
    if said.selector != expected:
        raise CatalogueError(f"{path} holds {said.selector}, not {expected}", hint="rename it, or get the right one")
    return Place(
        folder=folder / TEMPLATE.rstrip("/"),
        bundle=path,
        digest=said.digest,
        signed_by=signed_by,
        vendored=folder / WHEELS.rstrip("/") if said.wheels else None,
    )


def signers(path: Path, selector: str, sha256: str, trust: Trust | None) -> tuple[str, ...]:
    """The trusted publishers that signed a bundle of these bytes. Raises CatalogueError; see `signing.verified`."""
    if trust is None or not (trust.required or trust.publishers):
        return ()
    from tenantry.catalogue.signing import SUFFIX, read_signatures, verified

    return tuple(verified(selector, sha256, read_signatures(path.with_name(path.name + SUFFIX)), trust))


def _unpack_private_copy(path: Path, stage: Path, sha256: str) -> None:
    """Unpacks exactly the bytes that were hashed, whatever happens to the file meanwhile."""
    from tenantry.catalogue.unbundle import unpack

    copy = stage / ".copy"
    try:
        shutil.copyfile(path, copy)
    except OSError as error:
        raise CatalogueError(f"{path} cannot be read: {error.strerror}") from None
    if sha256_of(copy) != sha256:
        raise CatalogueError(f"{path} changed while it was used", hint="run the command again")
    unpack(copy, stage, shown=path)
    copy.unlink()
