"""The shop's signatures against the examples that AWS publishes for Signature Version 4 and S3."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHOP = Path(__file__).parents[3] / "templates" / "shop"
VERSIONS = sorted(folder.name for folder in SHOP.iterdir() if (folder / "api" / "s3.py").exists())

# In a process of its own: the modules of two versions have the same names.
PROGRAM = """
import json, sys
from datetime import UTC, datetime
import s3

now = datetime(2013, 5, 24, tzinfo=UTC)
for line in sys.stdin:
    asked = json.loads(line)
    bucket = s3.Bucket(**asked["bucket"])
    if asked["call"] == "presign":
        answer = s3.presign(bucket, asked["method"], asked["key"], now=now, **asked["more"])
    elif asked["call"] == "authorize":
        address = bucket.address(bucket.endpoint, asked["key"])
        answer = s3.authorize(bucket, asked["method"], address[1:], now=now, **asked["more"])
    elif asked["call"] == "address":
        answer = [bucket.address(bucket.endpoint, asked["key"]), bucket.public_origin]
    else:
        problems = []
        answer = [s3.read_bucket(asked["env"], problems) is not None, problems]
    print(json.dumps(answer), flush=True)
"""
AWS = {
    "endpoint": "https://s3.amazonaws.com",
    "public_endpoint": "https://s3.amazonaws.com",
    "region": "us-east-1",
    "name": "examplebucket",
    "key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "addressing": "virtual",
}
PAYLOAD = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"

pytestmark = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture(scope="module")
def ask() -> Iterator[Callable[..., Any]]:
    """Asks the module `s3` of a version."""
    running: dict[str, subprocess.Popen[str]] = {}

    def one(version: str, **asked: object) -> object:
        if version not in running:
            running[version] = subprocess.Popen(
                [sys.executable, "-S", "-W", "error", "-c", PROGRAM],
                cwd=SHOP / version / "api",
                env={"PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        stdin, stdout = running[version].stdin, running[version].stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"bucket": AWS, **asked}) + "\n")
        stdin.flush()
        return json.loads(stdout.readline())

    yield one
    for process in running.values():
        process.communicate(timeout=20)


def test_a_presigned_url(ask: Callable[..., Any], version: str) -> None:
    url = ask(version, call="presign", method="GET", key="test.txt", more={"seconds": 86400})
    assert url == (
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z"
        "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


@pytest.mark.parametrize(
    ("method", "key", "more", "signature"),
    [
        (
            "GET",
            "test.txt",
            {"headers": {"Range": "bytes=0-9"}},
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "test$file.text",
            {
                "headers": {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
                "payload_sha256": PAYLOAD,
            },
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        ("GET", "", {"query": {"lifecycle": ""}}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        (
            "GET",
            "",
            {"query": {"prefix": "J", "max-keys": "2"}},
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
    ids=["get", "put", "lifecycle", "list"],
)
def test_a_signed_request(
    *, ask: Callable[..., Any], version: str, method: str, key: str, more: dict[str, object], signature: str
) -> None:
    headers = ask(version, call="authorize", method=method, key=key, more=more)
    assert headers["host"] == "examplebucket.s3.amazonaws.com"
    assert headers["authorization"].endswith(f",Signature={signature}")


@pytest.mark.parametrize(
    ("endpoint", "addressing", "address", "origin"),
    [
        ("https://s3.example.com", "path", ["https", "s3.example.com", "/shop/a/b%20c.jpg"], "https://s3.example.com"),
        ("http://127.1.2.3:8000/", "path", ["http", "127.1.2.3:8000", "/shop/a/b%20c.jpg"], "http://127.1.2.3:8000"),
        ("http://[::1]:8000", "path", ["http", "[::1]:8000", "/shop/a/b%20c.jpg"], "http://[::1]:8000"),
        (
            "https://s3.example.com:443",
            "virtual",
            ["https", "shop.s3.example.com", "/a/b%20c.jpg"],
            "https://shop.s3.example.com",
        ),
        (
            "https://media.shop.example",
            "domain",
            ["https", "media.shop.example", "/a/b%20c.jpg"],
            "https://media.shop.example",
        ),
    ],
)
def test_where_the_bucket_is(
    *, ask: Callable[..., Any], version: str, endpoint: str, addressing: str, address: list[str], origin: str
) -> None:
    bucket = {**AWS, "endpoint": endpoint, "public_endpoint": endpoint, "name": "shop", "addressing": addressing}
    assert ask(version, call="address", bucket=bucket, key="a/b c.jpg") == [address, origin]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEDIA_ENDPOINT", ""),
        ("MEDIA_ENDPOINT", "s3.example.com"),
        ("MEDIA_ENDPOINT", "ftp://s3.example.com"),
        ("MEDIA_ENDPOINT", "https://s3.example.com/path"),
        ("MEDIA_ENDPOINT", "https://s3.example.com:x"),
        ("MEDIA_PUBLIC_ENDPOINT", "https://"),
        ("MEDIA_REGION", ""),
        ("MEDIA_BUCKET", ""),
        ("MEDIA_ACCESS_KEY_ID", ""),
        ("MEDIA_SECRET_ACCESS_KEY", ""),
        ("MEDIA_ADDRESSING", "subdomain"),
    ],
)
def test_wrong_variables_are_named(ask: Callable[..., Any], version: str, name: str, value: str) -> None:
    env = {
        "MEDIA_ENDPOINT": "https://s3.example.com",
        "MEDIA_PUBLIC_ENDPOINT": "https://media.example.com",
        "MEDIA_REGION": "eu",
        "MEDIA_BUCKET": "shop",
        "MEDIA_ACCESS_KEY_ID": "id",
        "MEDIA_SECRET_ACCESS_KEY": "secret",
        "MEDIA_ADDRESSING": "path",
    }
    assert ask(version, call="read", env=env) == [True, []]
    read, problems = ask(version, call="read", env={**env, name: value})
    assert not read
    assert any(name in problem for problem in problems)
