"""A certificate for host names of an instance, from an ACME server; renewed by a deployment near its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenantry.spec.plan import InstancePlan, Json

TYPE_TOKEN: Final = "tenantry:index:ManagedCertificate"  # noqa: S105 - a resource type, not a credential


class ManagedCertificate(pulumi.CustomResource):
    """One certificate for one or more hosts (RFC 8555).

    Args:
        name: logical name.
        plan: whose hosts these are.
        hosts: DNS names, the main one first.
        acme: `directory` (URL of the server), `contact` (an e-mail address, optional), `ca_file` (PEM file with the
            authorities that the server's own certificate is checked by, optional), `dns` (RFC 2136 server for DNS-01,
            optional; HTTP-01 without it).
        opts: must carry the `tenantry` provider, and depend on what is needed to answer for the hosts.
    """

    certificate: pulumi.Output[str]
    """The chain, leaf first, in PEM."""
    privateKey: pulumi.Output[str]  # noqa: N815 - the engine's name; Python's is `key`

    @property
    def key(self) -> pulumi.Output[str]:
        """The key, in PEM; secret."""
        return self.privateKey

    def __init__(
        self,
        name: str,
        *,
        plan: InstancePlan,
        hosts: Sequence[str],
        acme: Mapping[str, Json],
        opts: pulumi.ResourceOptions,
    ) -> None:
        made = {"certificate": None, "privateKey": None, "notAfter": None, "accountKey": None, "accountUri": None}
        secret = pulumi.ResourceOptions(additional_secret_outputs=["privateKey", "accountKey"])
        instance = {
            "tenant": plan.tenant,
            "instance": plan.instance,
            "mode": plan.mode,
            "runtime": plan.runtime.on,
            "region": plan.runtime.region,
            "account": plan.runtime.account,
        }
        super().__init__(
            TYPE_TOKEN,
            name,
            {"hosts": list(hosts), "acme": dict(acme), "instance": instance, **made},
            pulumi.ResourceOptions.merge(opts, secret),
        )
