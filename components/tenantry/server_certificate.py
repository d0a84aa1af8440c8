"""The certificate of a server inside an instance, below a private authority."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi

if TYPE_CHECKING:
    from collections.abc import Sequence

TYPE_TOKEN: Final = "tenantry:index:ServerCertificate"  # noqa: S105 - a resource type, not a credential


class ServerCertificate(pulumi.CustomResource):
    """A certificate for a server inside the instance, signed by a private authority that signs no other.

    A deployment renews it in its last year.

    Args:
        name: logical name; the id of the component that serves with it.
        dns_names: names of the server, the main one first.
        opts: must carry the `tenantry` provider.
    """

    caCertificate: pulumi.Output[str]  # noqa: N815 - the plugin's property
    certificate: pulumi.Output[str]
    """The server's certificate, in PEM."""
    privateKey: pulumi.Output[str]  # noqa: N815 - the plugin's property

    @property
    def authority(self) -> pulumi.Output[str]:
        """What clients trust, in PEM: may hold two certificates after a renewal of the authority."""
        return self.caCertificate

    @property
    def key(self) -> pulumi.Output[str]:
        """The server's key, in PEM, secret."""
        return self.privateKey

    def __init__(self, name: str, *, dns_names: Sequence[str], opts: pulumi.ResourceOptions) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["caPrivateKey", "privateKey"])
        super().__init__(
            TYPE_TOKEN,
            name,
            {
                "dnsNames": list(dns_names),
                "caCertificate": None,
                "caPrivateKey": None,
                "certificate": None,
                "privateKey": None,
                "notAfter": None,
            },
            pulumi.ResourceOptions.merge(opts, secret),
        )
