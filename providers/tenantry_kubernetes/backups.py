"""Copies of an instance's data: databases through their own pods, buckets through their S3 server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.errors import CapabilityError
from tenantry_kubernetes.account import Account
from tenantry_kubernetes.database_copy import load_database, save_database

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.contract.backups import DataRequest


def save(request: DataRequest, environment: Mapping[str, str], progress: Callable[[str], None]) -> None:
    """See `Backups`. Raises TaskError, CapabilityError, VendorError, PreflightError."""
    if request.data.kind == "bucket":
        from tenantry_kubernetes.bucket_copy import save_bucket

        save_bucket(request, environment, progress)
        return
    _check(request)
    save_database(request, environment, progress)


def load(request: DataRequest, environment: Mapping[str, str], progress: Callable[[str], None]) -> None:
    """See `Backups`. Raises TaskError, CapabilityError, VendorError, PreflightError."""
    if request.data.kind == "bucket":
        from tenantry_kubernetes.bucket_copy import load_bucket

        load_bucket(request, environment, progress)
        return
    _check(request)
    load_database(request, environment, progress)


def _check(request: DataRequest) -> None:
    name, data = request.instance.instance, request.data
    if request.instance.mode == "live" and data.component in Account.of(request.instance.account).databases:
        raise CapabilityError(
            f"The database {data.component} of {name} is not the instance's own: runtime.account.databases names it.",
            hint="Back it up where it runs.",
        )
