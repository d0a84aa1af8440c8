"""A threaded HTTP server with a bounded number of connections, whose end lets running requests finish."""

from __future__ import annotations

import sys
import threading
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any

from database import Pool
from web import Handler

if TYPE_CHECKING:
    from settings import Settings

MAX_CONNECTIONS = 256
DRAIN_SECONDS = 10


class ShopServer(ThreadingHTTPServer):
    """One thread per connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.pool = Pool(settings.database)
        self.cookie = "__Host-shop" if settings.url.startswith("https://") else "shop"
        self.draining = False
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._running = 0
        self._idle = threading.Condition()
        super().__init__((settings.host, settings.port), Handler)

    def server_bind(self) -> None:
        """Binds without asking a name server who we are, as the base class would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Starts the connection's thread, or closes the connection where too many are open."""
        if self._slots.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serves one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is the client's affair; anything else is logged by its kind only."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            print(f"connection failed: {type(error).__name__}", flush=True)

    def count(self, change: int) -> None:
        """Keeps the number of requests that are being answered."""
        with self._idle:
            self._running += change
            self._idle.notify_all()

    def drain(self) -> None:
        """Stops listening and waits until running requests are answered. Not to be called from the serving thread."""
        self.draining = True
        self.shutdown()
        self.server_close()
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0, timeout=DRAIN_SECONDS)
        self.pool.close()
