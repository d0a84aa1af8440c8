"""Rule R28: application sources name no vendor, whichever are installed."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

import pytest

from tenantry.catalogue import Catalogue
from tenantry.testing.branches import vendor_branches, vendor_words
from tenantry.testing.catalogues import KIT_CATALOGUE


def catalogues() -> list[Path]:
    """The kit's own, the one that ships with Tenantry, and the one that TENANTRY_KIT_CATALOGUE names."""
    package = Path(str(files("tenantry")))
    shipped = [each for each in (package / "shipped_templates", package.parents[1] / "templates") if each.is_dir()]
    named = os.environ.get("TENANTRY_KIT_CATALOGUE")
    return [KIT_CATALOGUE, *shipped[:1], *([Path(named)] if named else [])]


def versions() -> list[tuple[Path, str]]:
    found = []
    for folder in catalogues():
        catalogue = Catalogue(folder)
        found += [(folder, f"{name}@{version}") for name in catalogue.names() for version in catalogue.versions(name)]
    return found


@pytest.mark.parametrize(("folder", "selector"), versions(), ids=lambda each: each if isinstance(each, str) else "")
def test_r28_application_sources_have_no_vendor_branch(folder: Path, selector: str) -> None:
    assert vendor_words(), "an installed adapter has a package at least"
    assert vendor_branches(Catalogue(folder).open(selector), vendor_words()) == []
