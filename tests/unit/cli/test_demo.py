"""What the demo asks and writes; tests/e2e/test_demo.py runs it whole."""

from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import httpx
import pytest

from tenantry.errors import SandboxError
from tenantry_ops.demo import Outcome, Reply, ask, write_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenantry.spec.plan import InstancePlan

PLAN = cast(
    "InstancePlan", SimpleNamespace(instance="acme", runtime=SimpleNamespace(on="kubernetes"), template="shop@1.0.0")
)
URL = "http://127.3.2.1:8080"


def client(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(answer))


def test_a_reply_is_what_was_answered() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/about":
            return httpx.Response(200, json={"version": "1.0.0"})
        return httpx.Response(404, content=b"gone")

    reply = ask(client(answer), PLAN, URL)
    assert reply == Reply(
        instance="acme",
        runtime="kubernetes",
        template="shop@1.0.0",
        url=URL,
        status=404,
        body_sha256=hashlib.sha256(b"gone").hexdigest(),
        answered_version="1.0.0",
    )


@pytest.mark.parametrize("about", [b"no json", b"[]", b'{"version": 3}', b"{}"])
def test_an_application_that_does_not_say_its_version(about: bytes) -> None:
    assert ask(client(lambda _: httpx.Response(200, content=about)), PLAN, URL).answered_version is None


def test_a_gateway_that_is_not_ready_is_asked_again() -> None:
    answers: list[httpx.Response | httpx.HTTPError] = [httpx.Response(503), httpx.ConnectError("refused")]
    answers += [httpx.Response(200), httpx.Response(200, json={})]

    def answer(_: httpx.Request) -> httpx.Response:
        following = answers.pop(0)
        if isinstance(following, httpx.HTTPError):
            raise following
        return following

    assert ask(client(answer), PLAN, URL, pause=0).status == 200
    assert answers == []


def test_patience_ends() -> None:
    with pytest.raises(SandboxError, match="503") as caught:
        ask(client(lambda _: httpx.Response(503)), PLAN, URL, patience=0, pause=0)
    assert "tenantry logs acme" in caught.value.hint


def test_the_report_has_exactly_these_keys(tmp_path: Path) -> None:
    file = tmp_path / ".tenantry" / "demo.json"
    reply = ask(client(lambda _: httpx.Response(200, json={"version": "1.0.0"})), PLAN, URL)
    failed = Outcome(instance="other", seconds=1.0, error=SandboxError("down"))
    write_report(file, [Outcome(instance="acme", seconds=2.0, reply=reply), failed])
    (entry,) = json.loads(file.read_text())
    assert list(entry) == ["instance", "runtime", "template", "url", "status", "body_sha256", "answered_version"]
    assert list(tmp_path.rglob("*.partial")) == []
