"""The conformance kit's probe: tells what it was given, never a secret itself."""

import hashlib
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "1.2.0"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.split("?", 1)[0]
        if path == "/healthz":
            self.answer(200, {"ok": True})
        elif path == "/api/about":
            self.answer(200, about())
        elif path == "/api/environment":
            self.answer(200, sorted(os.environ))
        elif path == "/api/crash":
            self.answer(202, {"crashing": True})
            os._exit(3)
        else:
            self.answer(404, {"error": "not found", "path": path})

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 65536))
        self.answer(200, {"path": self.path, "length": len(body)})

    def answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        sys.stdout.write(f"{self.command} {self.path.split('?', 1)[0]}\n")
        sys.stdout.flush()


def about() -> dict[str, str]:
    return {
        "app": "probe",
        "version": VERSION,
        "instance": os.environ["TENANTRY_INSTANCE"],
        "template": os.environ["TENANTRY_TEMPLATE"],
        "url": os.environ["TENANTRY_URL"],
        "greeting": os.environ["GREETING"],
        "token_sha256": hashlib.sha256(os.environ.get("TOKEN", "").encode()).hexdigest(),
    }


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer((os.environ.get("HOST", "0.0.0.0"), int(os.environ["PORT"])), Handler).serve_forever()
