"""The kit's own templates, for runtimes that are able to do more and less."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenantry.catalogue import Catalogue
from tenantry.spec.capabilities import FEATURES
from tenantry.testing.catalogues import KEEPER, write_catalogue

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("features", [FEATURES, frozenset({"service", "service.source"})], ids=["all", "few"])
def test_every_version_opens(features: frozenset[str], tmp_path: Path) -> None:
    catalogue = Catalogue(write_catalogue(tmp_path / "catalogue", features))
    opened = {version: catalogue.open(f"keeper@{version}") for version in KEEPER}
    assert len({each.ref.digest for each in opened.values()}) == len(KEEPER)
    for version, each in opened.items():
        api = each.template.components["api"]
        migrate = api.migrate if api.type == "service" else None
        assert (migrate is not None) is ("service.migrate" in features)
        assert migrate is None or migrate.rollback == KEEPER[version]
        optional = {name for name, component in each.template.components.items() if component.optional}
        assert optional == {"orders", "media", "nightly"}
    assert {catalogue.open(f"probe@{version}").template.version for version in ("1.0.0", "1.1.0", "1.2.0")} == {
        "1.0.0",
        "1.1.0",
        "1.2.0",
    }
