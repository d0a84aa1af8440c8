"""The program that sets a bucket up: its signatures, and what it does when the server refuses."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tenantry_kubernetes.incluster import bucket_setup
from tenantry_kubernetes.incluster.bucket_setup import Keys, Request, sign

if TYPE_CHECKING:
    from collections.abc import Iterator

# The examples of docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, with their published keys.
EXAMPLE = Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
EXAMPLE_TIME = 1369353600.0
HOST = "https://examplebucket.s3.amazonaws.com"


@pytest.mark.parametrize(
    ("url", "headers", "signature"),
    [
        (
            f"{HOST}/test.txt",
            {"Range": "bytes=0-9"},
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (f"{HOST}/?lifecycle=", {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        (f"{HOST}/?max-keys=2&prefix=J", {}, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_requests_are_signed_as_documented(url: str, headers: dict[str, str], signature: str) -> None:
    signed = sign(Request("GET", url, headers, b""), EXAMPLE, "us-east-1", EXAMPLE_TIME)
    assert signed["authorization"].endswith(f"Signature={signature}")


class Refusing(ThreadingHTTPServer):
    """Answers by the first fitting beginning of `METHOD path`, else with 200."""

    answers: dict[str, tuple[int, str]]
    asked: list[tuple[str, str]]


class Handler(BaseHTTPRequestHandler):
    server: Refusing

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        line = f"{self.command} {self.path}"
        self.server.asked.append((line, body))
        status, code = next(
            (answer for start, answer in self.server.answers.items() if line.startswith(start)), (200, "")
        )
        self.send_response(status)
        self.end_headers()
        self.wfile.write(f"<Error><Code>{code}</Code></Error>".encode() if code else b"")

    do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Refusing]:
    with Refusing(("127.0.0.1", 0), Handler) as made:
        made.answers, made.asked = {}, []
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def environment(server: Refusing, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    address = f"http://127.0.0.1:{server.server_address[1]}"
    values = {
        "ENDPOINT": address,
        "ADMIN_ENDPOINT": f"{address}/admin",
        "REGION": "us-east-1",
        "BUCKET": "media",
        "ROOT_ACCESS_KEY_ID": "ROOT",
        "ROOT_SECRET_ACCESS_KEY": "root-secret",
        "ACCESS_KEY_ID": "TN123",
        "SECRET_ACCESS_KEY": "a<b&c",
        "ORIGINS": json.dumps(["https://shop.example", "http://127.1.2.3:8480"]),
        "PUBLIC": "false",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


def test_it_makes_account_bucket_and_rules_in_this_order(server: Refusing, environment: dict[str, str]) -> None:
    assert bucket_setup.main() == 0
    assert [line for line, _ in server.asked] == [
        "PATCH /admin/create-user",
        "PATCH /admin/update-user?access=TN123",
        "PATCH /admin/media/create",
        "PATCH /admin/change-bucket-owner?bucket=media&owner=TN123",
        "PUT /media?cors=",
        "DELETE /media?policy=",
    ]
    account = server.asked[0][1]
    assert "<Secret>a&lt;b&amp;c</Secret><Role>user</Role>" in account
    assert "<AllowedOrigin>https://shop.example</AllowedOrigin>" in server.asked[4][1]


def test_what_is_there_already_is_no_error(server: Refusing, environment: dict[str, str]) -> None:
    server.answers = {
        "PATCH /admin/create-user": (409, "XAdminUserExists"),
        "PATCH /admin/media/create": (409, "BucketAlreadyExists"),
        "DELETE /media?policy=": (404, "NoSuchBucketPolicy"),
    }
    assert bucket_setup.main() == 0
    assert len(server.asked) == 6


def test_a_public_bucket_lets_everybody_read_objects_and_nothing_else(
    server: Refusing, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLIC", "true")
    monkeypatch.setenv("ORIGINS", "[]")
    server.answers = {"DELETE /media?cors=": (404, "NoSuchCORSConfiguration")}
    assert bucket_setup.main() == 0
    line, body = server.asked[-1]
    assert line == "PUT /media?policy="
    own, others = json.loads(body)["Statement"]
    assert own["Principal"] == {"AWS": ["TN123"]}, "a policy decides for the bucket's owner as well"
    assert (others["Principal"], others["Action"]) == ("*", "s3:GetObject")
    assert others["Resource"] == "arn:aws:s3:::media/*"


@pytest.mark.parametrize("line", ["PATCH /admin/create-user", "PATCH /admin/media/create", "PUT /media?cors="])
def test_a_refusal_fails_in_words_without_a_secret(
    server: Refusing, environment: dict[str, str], capsys: pytest.CaptureFixture[str], line: str
) -> None:
    server.answers = {line: (403, "AccessDenied")}
    assert bucket_setup.main() == 1
    said = capsys.readouterr().err
    assert "status 403" in said
    assert "AccessDenied" in said
    assert "secret" not in said
    assert "a<b&c" not in said


def test_a_server_that_never_answers_is_waited_for_and_then_named(
    server: Refusing,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ADMIN_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(bucket_setup.Server.__init__, "__defaults__", (0.5,))
    assert bucket_setup.main() == 1
    assert "does not answer" in capsys.readouterr().err


def test_a_missing_variable_is_named(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BUCKET")
    assert bucket_setup.main() == 1
    assert "the variable BUCKET is missing" in capsys.readouterr().err
