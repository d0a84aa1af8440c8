"""The shop's API as a real process."""

from __future__ import annotations

import http.client
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SHOP = Path(__file__).parents[3] / "templates" / "shop"
PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any
    cookies: list[str]


@dataclass(slots=True)
class Api:
    """A running shop. `call` sends one request on a new connection and keeps the session cookie."""

    port: int
    process: subprocess.Popen[str]
    cookie: str = ""
    lines: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        if self.cookie:
            sent.setdefault("Cookie", self.cookie)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        cookies = response.msg.get_all("Set-Cookie", [])
        if cookies:
            self.cookie = cookies[0].partition(";")[0]
        return Answer(response.status, dict(response.getheaders()), json.loads(text) if text else None, cookies)

    def raw(self, data: bytes) -> bytes:
        """What comes back for bytes that are no proper request, until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        return received

    def stop(self) -> tuple[int, str]:
        """Sends SIGTERM; exit code and everything that was printed."""
        self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, "".join(self.lines) + output


class StartShop(Protocol):
    def __call__(self, version: str, **env: str) -> Api: ...


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def spawn(version: str, env: Mapping[str, str]) -> subprocess.Popen[str]:
    """The API with nothing in its environment but what a runtime gives and without installed packages."""
    base = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    return subprocess.Popen(
        [sys.executable, "-S", "-W", "error", "main.py"],
        cwd=SHOP / version / "api",
        env={**base, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def await_line(api: Api) -> None:
    """Waits for the line that says that the server listens."""
    assert api.process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(api.process.stdout, selectors.EVENT_READ)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if selector.select(0.2):
                line = api.process.stdout.readline()
                api.lines.append(line)
                if "listens on" in line:
                    return
                assert line, f"the shop ended: {''.join(api.lines)}"
    raise AssertionError(f"the shop did not start: {''.join(api.lines)}")


def start(version: str, env: Mapping[str, str]) -> Api:
    port = free_port()
    api = Api(port, spawn(version, {"HOST": "127.0.0.1", "PORT": str(port), "SHOP_NAME": "Acme", **env}))
    await_line(api)
    return api


@pytest.fixture
def start_shop() -> Iterator[StartShop]:
    """Starts shops of the test's own."""
    started: list[Api] = []

    def start_one(version: str, **env: str) -> Api:
        started.append(start(version, env))
        return started[-1]

    yield start_one
    for api in started:
        if api.process.poll() is None:
            api.process.kill()
        api.process.communicate(timeout=PATIENCE)


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, Api]]:
    started: dict[str, Api] = {}
    yield started
    for api in started.values():
        code, printed = api.stop()
        assert code == 0
        assert "Traceback" not in printed


@pytest.fixture
def shared_shop(running: dict[str, Api]) -> Callable[[str], Api]:
    """A visitor without a session in a shop that other tests visit too."""

    def visit(version: str) -> Api:
        if version not in running:
            running[version] = start(version, {})
        visitor = copy(running[version])
        visitor.cookie = ""
        return visitor

    return visit


@pytest.fixture
def spawn_shop() -> Iterator[Callable[[str, Mapping[str, str]], subprocess.Popen[str]]]:
    """Starts a shop that is expected to end by itself."""
    started: list[subprocess.Popen[str]] = []

    def spawn_one(version: str, env: Mapping[str, str]) -> subprocess.Popen[str]:
        started.append(spawn(version, env))
        return started[-1]

    yield spawn_one
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=PATIENCE)
