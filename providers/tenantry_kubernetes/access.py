"""How an instance's cluster is reached outside the engine: by the variables that the account names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tenantry.errors import PreflightError
from tenantry_kubernetes.account import Account
from tenantry_kubernetes.cluster import SANDBOX_KUBECONFIG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.contract.tasks import InstanceRef
    from tenantry_kubernetes.client.kubeconfig import Access


def access(instance: InstanceRef, environment: Mapping[str, str]) -> Access:
    """The cluster and the user. Raises PreflightError where the credentials are not there, VendorError."""
    from tenantry_kubernetes.client.kubeconfig import load_files

    account = Account.of(instance.account)
    if instance.mode == "sandbox":
        variable, context = SANDBOX_KUBECONFIG, ""
    else:
        context = account.context or ""
        ref = account.kubeconfig.ref if account.kubeconfig else None
        if ref is not None and ref.file is not None:
            return load_files([Path(ref.file).expanduser()], context=context)
        variable = (ref.env if ref else None) or "KUBECONFIG"
    paths = [Path(part) for part in environment.get(variable, "").split(os.pathsep) if part]
    if not paths:
        raise PreflightError(
            f"The environment variable {variable}, which names the cluster of {instance.instance}, is not set.",
            hint="Set it to the path of a kubeconfig file; in sandbox mode start it: tenantry sandbox up",
        )
    found = load_files(paths, context=context)
    if instance.mode == "sandbox" and not found.is_loopback:
        raise PreflightError(
            f"{variable} names the cluster at {found.server}, and a sandbox is on this machine only.",
            hint="Take the sandbox's own environment: tenantry env <instance>",
        )
    return found
