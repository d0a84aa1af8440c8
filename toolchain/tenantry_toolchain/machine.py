"""Checks of the machine itself."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import sys
import tempfile
from typing import TYPE_CHECKING

from tenantry_toolchain import controlplane, engine, folders
from tenantry_toolchain.check import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUILD_BYTES = 9_000_000_000
_RUN_BYTES = 1_000_000_000
_LEAST_PYTHON = (3, 11)
_LOOPBACK = "127.83.46.9"


def python() -> Iterator[Check]:
    """Whether this Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    new = sys.version_info[:2] >= _LEAST_PYTHON
    hint = "" if new else f"Use Python {_LEAST_PYTHON[0]}.{_LEAST_PYTHON[1]} or newer."
    yield Check(name="python", state="ok" if new else "fail", detail=f"{version} ({sys.executable})", hint=hint)


def environment() -> Iterator[Check]:
    """Whether Tenantry runs in a virtual environment."""
    if sys.prefix != sys.base_prefix:
        yield Check(name="virtual environment", state="ok", detail=sys.prefix)
        return
    hint = "Make one (python -m venv .venv), activate it and install Tenantry there: the engine runs that Python."
    yield Check(name="virtual environment", state="warn", detail="Tenantry is installed outside of one", hint=hint)


def pip() -> Iterator[Check]:
    """Whether pip is there where the language host asks it."""
    if importlib.util.find_spec("pip"):
        yield Check(name="pip", state="ok", detail="in this environment")
        return
    found = engine.find()
    needed = found is not None and not found.modern_host
    detail = "not in this environment"
    if needed:
        hint = "Run `python -m ensurepip`: the built language host asks pip which packages are installed."
        yield Check(name="pip", state="fail", detail=detail, hint=hint)
    else:
        yield Check(name="pip", state="ok", detail=f"{detail}, and not needed by this engine")


def cache() -> Iterator[Check]:
    """Whether the cache folder can be written."""
    root = folders.root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        hint = "Give it to this user, or name another folder in TENANTRY_CACHE."
        yield Check(name="cache", state="fail", detail=f"{root} cannot be written: {error.strerror}", hint=hint)
        return
    yield Check(name="cache", state="ok", detail=str(root))


def disk() -> Iterator[Check]:
    """Whether there is space for what is still to do."""
    folder = next(path for path in (folders.root(), *folders.root().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    building = engine.find() is None or controlplane.find() is None
    needed = _BUILD_BYTES if building else _RUN_BYTES
    detail = f"{free / 1e9:.0f} GB free at {folder}"
    if free >= needed:
        yield Check(name="disk", state="ok", detail=detail)
        return
    purpose = "building engine and control plane" if building else "state and sandbox"
    hint = f"Have {needed / 1e9:.0f} GB for {purpose}: free space, or name a larger disk in TENANTRY_CACHE."
    yield Check(name="disk", state="warn", detail=detail, hint=hint)


def loopback() -> Iterator[Check]:
    """Whether addresses other than 127.0.0.1 can be bound."""
    try:
        with socket.socket() as probe:
            probe.bind((_LOOPBACK, 0))
    except OSError as error:
        hint = "The sandbox gives each instance an address in 127.0.0.0/8; on macOS: sudo ifconfig lo0 alias ADDRESS."
        yield Check(name="loopback", state="fail", detail=f"{_LOOPBACK} cannot be bound: {error.strerror}", hint=hint)
        return
    yield Check(name="loopback", state="ok", detail="addresses of 127.0.0.0/8 can be bound")
