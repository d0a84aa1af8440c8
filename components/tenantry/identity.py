"""The identity of a stack: a small resource that stamps whose stack it is, and refuses to be another's.

The refusal lives in the resource's provider (`pulumi-resource-tenantry`): a plain `pulumi up` cannot go round it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import pulumi

if TYPE_CHECKING:
    from tenantry.spec.plan import InstancePlan

TYPE_TOKEN: Final = "tenantry:index:Identity"  # noqa: S105 - a resource type, not a credential


def account_fingerprint(runtime: str, reported: str) -> str:
    """`sha256:…` of a vendor account: state keeps this and never the account's own id."""
    return "sha256:" + hashlib.sha256(f"{runtime}:{reported}".encode()).hexdigest()


class Identity(pulumi.CustomResource):
    """Stamps tenant, instance, mode, runtime and account into the stack.

    Args:
        name: logical name; the instance id.
        plan: whose instance this is.
        account: what the vendor reports for the credentials in use.
        declared: what the tenant file says about the account, where it does.
        opts: must carry the `tenantry` provider; default providers are disabled.
    """

    account: pulumi.Output[str]
    """The account's fingerprint."""

    def __init__(
        self,
        name: str,
        *,
        plan: InstancePlan,
        account: pulumi.Input[str],
        declared: str | None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        runtime = plan.runtime.on
        reported = pulumi.Output.from_input(account).apply(lambda value: account_fingerprint(runtime, value))
        super().__init__(
            TYPE_TOKEN,
            name,
            {
                "tenant": plan.tenant,
                "instance": plan.instance,
                "mode": plan.mode,
                "runtime": runtime,
                "account": reported,
                "declaredAccount": None if declared is None else account_fingerprint(runtime, declared),
                "adopt": plan.adopt,
                "template": str(plan.template),
                "planFingerprint": plan.fingerprint,
            },
            opts,
        )
