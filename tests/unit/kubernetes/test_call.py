"""The program of a schedule's pod, against a real HTTP server."""

from __future__ import annotations

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tenantry_kubernetes.incluster import call

if TYPE_CHECKING:
    from collections.abc import Iterator


class Target(ThreadingHTTPServer):
    """Answers with `status`, and remembers what came."""

    status = 200
    asked: list[tuple[str, str, str, bytes]]


class Handler(BaseHTTPRequestHandler):
    server: Target

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.asked.append((self.command, self.path, self.headers.get("Tenantry-Schedule", ""), body))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(b"what the service says")

    do_POST = do_GET = _answer  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


@pytest.fixture
def target() -> Iterator[Target]:
    with Target(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def url(target: Target, path: str = "/tasks/cleanup?all=1") -> str:
    return f"http://127.0.0.1:{target.server_address[1]}{path}"


def test_it_posts_once_to_the_path(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    assert call.main([url(target), "--schedule", "nightly"]) == 0
    assert target.asked == [("POST", "/tasks/cleanup?all=1", "nightly", b"")]
    assert "-> 200 after" in capsys.readouterr().out


@pytest.mark.parametrize("status", [302, 404, 500])
def test_every_other_answer_fails_with_what_the_service_said(
    target: Target, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    target.status = status
    assert call.main([url(target, "/tasks/cleanup")]) == 1
    said = capsys.readouterr()
    assert f"-> {status}" in said.out
    assert "what the service says" in said.err
    assert len(target.asked) == 1, "a redirect is not followed"


def test_no_answer_fails_in_words(target: Target) -> None:
    address = url(target)
    target.server_close()
    done = subprocess.run(
        [sys.executable, "-I", call.__file__, address, "--timeout", "2"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "did not answer" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["https://api/x"], ["/tasks"], ["http://a/b", "--timeout", "soon"]])
def test_wrong_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        call.main(arguments)
    assert caught.value.code == 2
    assert "call.py" in capsys.readouterr().err
