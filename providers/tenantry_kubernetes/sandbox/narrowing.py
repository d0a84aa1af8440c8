"""What the sandbox cannot do though the runtime can: it has the database servers of this machine, and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tenantry_kubernetes.sandbox.sandbox import SERVERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.spec.capabilities import Capabilities, Feature

_POSTGRESQL = "database.postgresql"
_MYSQL = "database.mysql"


def narrow(capabilities: Capabilities, settings: Mapping[str, str]) -> Capabilities:
    """The runtime's capabilities as far as this sandbox has them; unchanged where it was never started."""
    if SERVERS["postgresql"] not in settings:
        return capabilities
    features = dict(capabilities.features)
    if _POSTGRESQL in features:
        features[_POSTGRESQL] = _postgresql(features[_POSTGRESQL], _versions(settings, "postgresql"))
    if _MYSQL in features:
        features[_MYSQL] = _mysql(features[_MYSQL], _versions(settings, "mysql"))
    return replace(capabilities, features=features)


def _versions(settings: Mapping[str, str], engine: str) -> list[str]:
    return [each for each in settings.get(SERVERS[engine], "").split(",") if each]


def _postgresql(feature: Feature, here: list[str]) -> Feature:
    if not here:
        note = "the sandbox finds no PostgreSQL on this machine; install one, then run `tenantry sandbox up`"
        return replace(feature, support="no", note=note)
    note = f"The sandbox runs PostgreSQL {here[0]}, which this machine has; a real cluster runs the version asked for."
    return replace(feature, exact=tuple(version.partition(".")[0] for version in here), inexact=note)


def _mysql(feature: Feature, here: list[str]) -> Feature:
    if not here:
        note = "the sandbox runs a real MySQL 8 or none, and finds no mysqld 8 on this machine"
        return replace(feature, support="no", note=note)
    # `8` means any of them, as the official image's tag does.
    return replace(feature, versions=tuple(sorted({version.rpartition(".")[0] for version in here} | {"8"})))
