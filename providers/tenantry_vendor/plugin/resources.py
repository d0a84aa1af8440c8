"""Every resource type of the plugin `tenantry`: one line for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_vendor.plugin.credential.provider import CredentialResource
from tenantry_vendor.plugin.identity.provider import IdentityResource
from tenantry_vendor.plugin.managed_certificate.provider import ManagedCertificateResource
from tenantry_vendor.plugin.migration.provider import MigrationResource
from tenantry_vendor.plugin.migration.sweep import SweepResource
from tenantry_vendor.plugin.own import OwnProvider
from tenantry_vendor.plugin.server_certificate.provider import ServerCertificateResource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry_vendor.plugin.own import OwnResource

RESOURCES: Final[Mapping[str, OwnResource]] = {
    "tenantry:index:Credential": CredentialResource(),
    "tenantry:index:Identity": IdentityResource(),
    "tenantry:index:ManagedCertificate": ManagedCertificateResource(),
    "tenantry:index:Migration": MigrationResource(),
    "tenantry:index:Sweep": SweepResource(),
    "tenantry:index:ServerCertificate": ServerCertificateResource(),
}
"""Type token -> what stands behind it."""


def own_provider(version: str) -> OwnProvider:
    """The plugin's provider."""
    return OwnProvider(version, RESOURCES)
