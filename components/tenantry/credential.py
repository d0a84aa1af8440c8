"""A password or key that is made once per instance and kept in its stack's state, as a secret."""

from __future__ import annotations

from typing import Final

import pulumi

TYPE_TOKEN: Final = "tenantry:index:Credential"  # noqa: S105 - a resource type, not a credential


class Credential(pulumi.CustomResource):
    """Letters and digits, drawn at random by the first deployment and the same ever after.

    Args:
        name: logical name; the id of the component that it opens.
        of: what it opens, such as `postgresql 15`. The provider refuses a change of it: data of one engine's major
            version is nothing that another could read.
        length: characters of a value that is made.
        given: a value to take instead, for data that is adopted. Left out later, it is kept.
        opts: must carry the `tenantry` provider.
    """

    value: pulumi.Output[str]
    """The value, secret; unknown at the preview that would make it."""

    def __init__(
        self,
        name: str,
        *,
        of: str,
        length: int = 32,
        given: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["value", "given"])
        super().__init__(
            TYPE_TOKEN,
            name,
            {
                "of": of,
                "length": length,
                "given": None if given is None else pulumi.Output.secret(given),
                "value": None,
            },
            pulumi.ResourceOptions.merge(opts, secret),
        )
