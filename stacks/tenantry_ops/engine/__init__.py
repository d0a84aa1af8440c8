"""Drives the Pulumi engine: one process per operation, its events, its errors, its repair."""

from __future__ import annotations

from tenantry_ops.engine.events import Diagnostic, Event, Note, ResourceEvent
from tenantry_ops.engine.runner import EngineResult, InterruptedRunError, Operation, run
from tenantry_ops.engine.stack import create_stack, read_outputs, remove_stack

__all__ = [
    "Diagnostic",
    "EngineResult",
    "Event",
    "InterruptedRunError",
    "Note",
    "Operation",
    "ResourceEvent",
    "create_stack",
    "read_outputs",
    "remove_stack",
    "run",
]
