"""The shop's HTTP API. Settings come from the environment; SIGTERM and SIGINT end it after running requests."""

from __future__ import annotations

import os
import signal
import sys
import threading

from server import ShopServer
from settings import APP, VERSION, read_settings


def main() -> int:
    """Serves until a signal. Returns 2 where a setting is wrong, 1 where the port cannot be had."""
    try:
        settings = read_settings(os.environ)
    except ValueError as error:
        print(f"{APP}: {error}", file=sys.stderr)
        return 2
    try:
        server = ShopServer(settings)
    except OSError as error:
        print(f"{APP}: cannot listen on {settings.host}:{settings.port}: {error.strerror}", file=sys.stderr)
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    print(f"{APP} {VERSION} listens on {settings.host}:{settings.port}", flush=True)
    stop.wait()
    server.drain()
    print(f"{APP} stopped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
