"""A plugin must not outlive its engine: a killed engine cannot tell its plugins to stop."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

POLL_SECONDS: Final = 0.5
"""How often the parent is looked at where the kernel does not tell us."""

_PR_SET_PDEATHSIG: Final = 1


def die_with_parent() -> None:
    """Ends this process as soon as the process that started it is gone, whatever it is doing at that moment.

    On Linux the kernel sends a signal; everywhere a thread compares the parent's id as well, since the kernel's signal
    is lost where the parent died before it was asked for.
    """
    parent = os.getppid()
    _ask_kernel(parent)
    threading.Thread(target=_watch, args=(parent,), name="parent-watch", daemon=True).start()


def engine_listens(address: str) -> bool:
    """Whether something accepts connections at `host:port`; an address of another form is taken to be well."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        return True
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=2):
            return True
    except ConnectionRefusedError:
        return False
    except OSError:
        return True


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os._exit(0)


def _ask_kernel(parent: int) -> None:
    if sys.platform != "linux":
        return
    import ctypes

    # The signal also comes when only the thread that started us ends, which happens in Go programs: the handler looks.
    def on_death(_number: int, _frame: FrameType | None) -> None:
        if os.getppid() != parent:
            os._exit(0)

    signal.signal(signal.SIGUSR2, on_death)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGUSR2)
