"""Backups as files: what one holds, where it lies, and how it is made, checked and cleared up."""

from tenantry.backups.making import make_backup
from tenantry.backups.manifest import Manifest
from tenantry.backups.restoring import put_back
from tenantry.backups.store import BackupStore

__all__ = ["BackupStore", "Manifest", "make_backup", "put_back"]
