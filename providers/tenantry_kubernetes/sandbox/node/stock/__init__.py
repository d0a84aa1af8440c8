"""The images that the sandbox stands in for, one module each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.sandbox.node.stock import mysql, postgresql, python, versitygw

if TYPE_CHECKING:
    from tenantry_kubernetes.sandbox.node.images import Family

FAMILIES: Final[tuple[Family, ...]] = (python.FAMILY, postgresql.FAMILY, mysql.FAMILY, versitygw.FAMILY)
"""Every family whose contents the local machine can stand in for."""
