"""Policies: what an operator allows, in Python, checked on every plan and on every resource.

A project's folder `policies/` holds `policies.yaml` (which policies apply, how strictly, and waivers) and Python files
with policies of its own. `tenantry validate`, `preview`, `up` and plain `pulumi up` all obey them.
"""

from __future__ import annotations

from tenantry.errors import PolicyError
from tenantry.policy.check import Outcome, check_plan
from tenantry.policy.kinds import (
    Level,
    PlanPolicy,
    ResourcePolicy,
    Violation,
    plan_policy,
    resource_policy,
)
from tenantry.policy.load import PolicySet, load_policies

__all__ = [
    "Level",
    "Outcome",
    "PlanPolicy",
    "PolicyError",
    "PolicySet",
    "ResourcePolicy",
    "Violation",
    "check_plan",
    "load_policies",
    "plan_policy",
    "resource_policy",
]
