"""Every resource type of the plugin `tenantry`: one line for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_vendor.plugin.identity.provider import IdentityResource
from tenantry_vendor.plugin.own import OwnProvider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry_vendor.plugin.own import OwnResource

RESOURCES: Final[Mapping[str, OwnResource]] = {
    "tenantry:index:Identity": IdentityResource(),
}
"""Type token -> what stands behind it."""


def own_provider(version: str) -> OwnProvider:
    """The plugin's provider."""
    return OwnProvider(version, RESOURCES)
