"""The main job on the embedded default, shown: deploy, answer, order, upgrade and back."""

from __future__ import annotations

from tenantry_ops.demo.reply import Reply, ask
from tenantry_ops.demo.run import Outcome, run_demo, write_report
from tenantry_ops.demo.turning import Turn

__all__ = ["Outcome", "Reply", "Turn", "ask", "run_demo", "write_report"]
