"""Copies of an instance's data: databases through their own pods, buckets through their S3 server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry_kubernetes.database_copy import load_database, save_database

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.contract.backups import DataRequest


def save(request: DataRequest, environment: Mapping[str, str], progress: Callable[[str], None]) -> None:
    """See `Backups`. Raises TaskError, VendorError, PreflightError."""
    if request.data.kind == "bucket":
        from tenantry_kubernetes.bucket_copy import save_bucket

        save_bucket(request, environment, progress)
        return
    save_database(request, environment, progress)


def load(request: DataRequest, environment: Mapping[str, str], progress: Callable[[str], None]) -> None:
    """See `Backups`. Raises TaskError, VendorError, PreflightError."""
    if request.data.kind == "bucket":
        from tenantry_kubernetes.bucket_copy import load_bucket

        load_bucket(request, environment, progress)
        return
    load_database(request, environment, progress)
