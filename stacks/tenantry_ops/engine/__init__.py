"""Drives the Pulumi engine: one process per operation, its events, its errors, its repair."""

from __future__ import annotations

from tenantry_ops.engine.events import Diagnostic, Event, Note, ResourceEvent
from tenantry_ops.engine.results import EngineResult, InterruptedRunError, Operation
from tenantry_ops.engine.runner import run
from tenantry_ops.engine.stack import read_outputs

__all__ = [
    "Diagnostic",
    "EngineResult",
    "Event",
    "InterruptedRunError",
    "Note",
    "Operation",
    "ResourceEvent",
    "read_outputs",
    "run",
]
