"""Which plan each instance was deployed with last: what `tenantry validate --changed` compares with."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from tenantry_ops.kept import read_record, write_record

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry_ops.project import Project


def baseline_file(project: Project) -> Path:
    """Where the fingerprints are: a JSON object, instance -> fingerprint of its plan."""
    return project.folder / "baseline.json"


def note_deployed(project: Project, instance: str, fingerprint: str | None) -> None:
    """Notes what an instance was deployed with; None where nothing of it stands any more.

    Several runners may do so at once. Where the file cannot be written, the next validation finds a change too many.
    """
    file = baseline_file(project)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file.with_name(".baseline.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        known = read_record(file) or {}
        if known.get(instance) == fingerprint:
            return
        changed = {name: value for name, value in known.items() if name != instance}
        if fingerprint is not None:
            changed[instance] = fingerprint
        write_record(file, dict(sorted(changed.items())))
    finally:
        os.close(descriptor)
