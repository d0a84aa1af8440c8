"""The `tenantry` command.

Every command is imported only when it is called, so that help, completion and validation start fast.
"""

from __future__ import annotations


def main() -> None:
    """Runs the command line and leaves the process with its exit code."""
    import signal
    import sys

    from tenantry_ops.cli.app import run

    # Being asked to end is like Ctrl-C: what was begun is put in order before the process goes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))
