"""The `tenantry` command.

Every command is imported only when it is called, so that help, completion and validation start fast.
"""

from __future__ import annotations


def main() -> None:
    """Runs the command line and leaves the process with its exit code."""
    import sys

    from tenantry_ops.cli.app import run

    sys.exit(run(sys.argv[1:]))
