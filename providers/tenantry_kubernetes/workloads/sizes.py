"""Amounts in the words of Kubernetes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.spec.plan import Resources

if TYPE_CHECKING:
    from tenantry_kubernetes.workloads.manifest import Body

_MIB: Final = 2**20

SITE: Final = Resources(cpu_millis=100, memory_bytes=96 * _MIB)
"""What one copy of a site may use: its server keeps no file in memory."""


TASK: Final = Resources(cpu_millis=100, memory_bytes=64 * _MIB)
"""What a pod of one of our own small programs may use."""


def cpu(millis: int) -> str:
    """Thousandths of a core as the API server writes them back: 1500m, 2."""
    return str(millis // 1000) if millis % 1000 == 0 else f"{millis}m"


def memory(size: int) -> str:
    """Bytes in the largest binary unit that divides them, as the API server writes them back: 512Mi, 1Gi."""
    for unit, factor in (("Gi", 2**30), ("Mi", _MIB), ("Ki", 2**10)):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def container_resources(resources: Resources) -> Body:
    """Requests equal to limits: a copy always has what the plan says, on every node, and never more."""
    amount = {"cpu": cpu(resources.cpu_millis), "memory": memory(resources.memory_bytes)}
    return {"requests": dict(amount), "limits": amount}


def volume_size(size: int, files: int) -> str:
    """Room for `size` bytes in `files` files: each takes whole blocks of 4 KiB, directories a few more."""
    needed = size + (files + 64) * 8192
    return f"{max(1, -(-needed // _MIB))}Mi"
