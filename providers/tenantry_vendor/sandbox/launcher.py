"""Starts one process so that it can be found again: a script that runs with the standard library alone.

`python -I -S launcher.py` reads one JSON object from standard input, makes a session of its own, writes a record of
itself, and becomes the command. The record exists before the command runs: a starter that is killed in between leaves
no process that nobody knows. Command and environment come by standard input: no process list shows them before the
command itself, and no size limit of a single argument holds.

- `command`, `environment`: exactly what runs, and with which variables;
- `record`: path of the record, a JSON object: `pid`, `identity`, `started` (ISO 8601), `extra`;
- `log`: path of the file that gets standard output and error, appended;
- `cwd`: working folder of the command;
- `detach`: whether to return at once and leave the command to the system, instead of becoming it;
- `umask`: as an integer;
- `parent`: number of the starter, without which the command is not started; 0 where that does not matter;
- `extra`: any JSON object, kept in the record.

Exit status 128 and a file `<record>.error` tell that the command could not be run.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

START_ERROR = 128
"""Exit status of a command that could not be started, as container runtimes have it."""


def process_identity(pid: int) -> str | None:
    """What tells this process from any other that ever has its number; None where none runs (a zombie does not)."""
    try:
        # The second field is the command's name in parentheses and may hold spaces and parentheses.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _identity_by_ps(pid)
    except ProcessLookupError:
        return None
    return None if fields[0] in "ZX" else f"{boot}:{fields[19]}"


def _identity_by_ps(pid: int) -> str | None:
    shown = subprocess.run(
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(maxsplit=1)
    return None if not shown or shown[0].startswith("Z") else shown[-1].strip()


def write_record(path: Path, extra: object) -> None:
    """Writes the record of the calling process, whole or not at all."""
    record = {
        "pid": os.getpid(),
        "identity": process_identity(os.getpid()),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "extra": extra,
    }
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(record, file)
    aside.replace(path)


def become(options: dict[str, Any]) -> None:
    """Turns this process into the command; returns only by OSError."""
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.umask(options["umask"])
    log = os.open(options["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    write_record(Path(options["record"]), options["extra"])
    if options["parent"] and os.getppid() != options["parent"]:
        # Whoever looks after the starter's end for what it started may have looked before the record was there.
        raise OSError(errno.ESRCH, "its starter has ended")
    os.chdir(options["cwd"])
    command: list[str] = options["command"]
    os.execvpe(command[0], command, options["environment"])  # noqa: S606 - to become the command is the purpose


def launch(options: dict[str, Any]) -> int:
    """Becomes the command; where that fails, leaves the reason beside the record."""
    record = Path(options["record"])
    reason = record.with_name(record.name + ".error")
    reason.unlink(missing_ok=True)
    try:
        become(options)
    except OSError as error:
        text = f"cannot run {options['command'][0]}: {error.strerror or error}"
        reason.write_text(text, encoding="utf-8")
    return START_ERROR


def launch_detached(options: dict[str, Any]) -> int:
    """As `launch`, in a process that belongs to nobody; returns once the command has taken over."""
    started, running = os.pipe()
    if os.fork():
        os.close(running)
        # Empty once the command has taken over: the pipe's other end closes itself there.
        return START_ERROR if os.read(started, 1) else 0
    os.close(started)
    status = launch(options)
    os.write(running, b"!")
    return status


def main() -> int:
    """Runs one launch; see the module's text."""
    options: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    return launch_detached(options) if options["detach"] else launch(options)


if __name__ == "__main__":
    os._exit(main())
