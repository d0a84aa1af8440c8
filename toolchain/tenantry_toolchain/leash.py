"""Runs a command that must not outlive the process that asked for it. A script of its own, see `process.run`.

Standard input is a pipe whose other end only the asking process holds. When that process goes, however it goes, the
pipe ends and the whole process group is killed: kill -9 on Tenantry never leaves a compiler behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading


def main() -> int:
    """Run the command in `sys.argv[1:]` and give back its exit code; 128 + n where signal n ended it."""
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_watch, daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


def _watch() -> None:
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
