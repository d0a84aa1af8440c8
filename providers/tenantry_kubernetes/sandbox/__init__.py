"""The local Kubernetes sandbox."""

from __future__ import annotations

from tenantry_kubernetes.sandbox.sandbox import KubernetesSandbox

__all__ = ["KubernetesSandbox"]
