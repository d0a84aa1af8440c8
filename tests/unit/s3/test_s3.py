"""The S3 client against the vendor's documented signatures, and a storage in memory that checks what it gets."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import httpx
import pytest

from tenantry.errors import TaskError
from tenantry_vendor.s3 import Bucket, Keys, S3Error, StoredObject, sign
from tenantry_vendor.s3.copying import load_objects, save_objects

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTED = Keys(
    access_key_id="AKIAIOSFODNN7EXAMPLE",
    secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    region="us-east-1",
)
EMPTY = hashlib.sha256(b"").hexdigest()
NOW = dt.datetime(2013, 5, 24, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("line", "query", "headers", "payload", "signature"),
    [
        (
            "GET /test.txt",
            {},
            {"Range": "bytes=0-9"},
            EMPTY,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT /test%24file.text",
            {},
            {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET /",
            {"max-keys": "2", "prefix": "J"},
            {},
            EMPTY,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_signatures_are_those_of_the_documentation(
    line: str, query: dict[str, str], headers: dict[str, str], payload: str, signature: str
) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, its examples."""
    method, path = line.split()
    signed = sign(
        DOCUMENTED,
        method=method,
        host="examplebucket.s3.amazonaws.com",
        path=path,
        query=query,
        headers=headers,
        payload=payload,
        now=NOW,
    )
    assert signed["authorization"].endswith(f"Signature={signature}")


class Storage:
    """Two objects per page; fails as often as it is told to."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, str, str]] = {}
        self.failures = 0
        self.hosts: set[str] = set()

    def handle(self, request: httpx.Request) -> httpx.Response:  # noqa: PLR0911 - one answer per request
        self.hosts.add(request.headers["host"])
        if self.failures:
            self.failures -= 1
            return httpx.Response(503, content=b"<Error><Code>SlowDown</Code></Error>")
        if "Credential=AKIAIOSFODNN7EXAMPLE/" not in request.headers["authorization"]:
            return httpx.Response(403, content=b"<Error><Code>InvalidAccessKeyId</Code><Message>No</Message></Error>")
        key = request.url.path.removeprefix("/media").removeprefix("/")
        match request.method:
            case "PUT":
                if hashlib.sha256(request.content).hexdigest() != request.headers["x-amz-content-sha256"]:
                    return httpx.Response(400, content=b"<Error><Code>XAmzContentSHA256Mismatch</Code></Error>")
                said = request.headers
                self.objects[key] = (request.content, said.get("content-type", ""), said.get("x-amz-meta-by", ""))
                return httpx.Response(200)
            case "DELETE":
                self.objects.pop(key, None)
                return httpx.Response(204)
            case _ if key:
                if key not in self.objects:
                    return httpx.Response(404, content=b"<Error><Code>NoSuchKey</Code></Error>")
                content, kind, by = self.objects[key]
                headers = {"content-type": kind, "x-amz-meta-by": by, "content-length": str(len(content))}
                return httpx.Response(200, stream=httpx.ByteStream(content), headers=headers)
            case _:
                return self._page(parse_qs(request.url.query.decode()))

    def _page(self, query: dict[str, list[str]]) -> httpx.Response:
        assert query["list-type"] == ["2"]
        after = query.get("continuation-token", [""])[0]
        keys = [key for key in sorted(self.objects) if key > after]
        items = "".join(
            f"<Contents><Key>{httpx.URL('http://x/' + key).raw_path.decode()[1:]}</Key>"
            f"<Size>{len(self.objects[key][0])}</Size><ETag>e-{key}</ETag></Contents>"
            for key in keys[:2]
        )
        more = ""
        if len(keys) > 2:
            more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{keys[1]}</NextContinuationToken>"
        body = f'<R xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{items}{more}</R>'
        return httpx.Response(200, content=body.encode())


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Storage:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    return Storage()


def bucket(storage: Storage, **changes: str) -> Bucket:
    return Bucket(
        changes.get("endpoint", "http://storage.example:7070"),
        "media",
        Keys(access_key_id=changes.get("key", DOCUMENTED.access_key_id), secret_access_key="s", region="us-east-1"),
        changes.get("addressing", "path"),  # type: ignore[arg-type] # one of its words
        httpx.MockTransport(storage.handle),
    )


def test_objects_go_and_come_with_type_and_metadata(storage: Storage, tmp_path: Path) -> None:
    file = tmp_path / "picture"
    file.write_bytes(b"picture")
    digest = hashlib.sha256(b"picture").hexdigest()
    names = ["a b/ü+?.png", "b", "c", "d", "e"]
    with bucket(storage) as client:
        for name in names:
            client.upload(name, file, sha256=digest, type="image/png", metadata={"by": "acme"})
        assert [each.key for each in client.list_objects()] == sorted(names)
        found, sha256 = client.download("a b/ü+?.png", tmp_path / "copy")
        assert (found.type, found.metadata["by"], found.size, sha256) == ("image/png", "acme", 7, digest)
        client.delete("b")
        client.delete("b")
        assert "b" not in storage.objects
        with pytest.raises(S3Error, match="XAmzContentSHA256Mismatch"):
            client.upload("b", file, sha256=EMPTY, type="", metadata={})


def test_what_passes_is_tried_again_and_nothing_else(storage: Storage, tmp_path: Path) -> None:
    storage.objects["a"] = (b"x", "", "")
    with bucket(storage) as client:
        storage.failures = 3
        assert client.download("a", tmp_path / "a")[0].size == 1
        storage.failures = 4
        with pytest.raises(S3Error, match="SlowDown") as busy:
            client.delete("a")
        assert busy.value.status == 503
    with bucket(storage, key="other") as client, pytest.raises(S3Error, match="InvalidAccessKeyId No") as refused:
        client.delete("a")
    assert refused.value.vendor_code == "InvalidAccessKeyId"


def test_no_answer_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)

    def broken(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    client = Bucket("http://storage.example", "media", DOCUMENTED, wire=httpx.MockTransport(broken))
    with pytest.raises(S3Error, match="cannot be reached: refused"):
        list(client.list_objects())
    with pytest.raises(S3Error, match="cannot be reached"):
        client.download("a", tmp_path / "a")


@pytest.mark.parametrize(
    ("addressing", "endpoint", "host"),
    [
        ("path", "http://storage.example:7070", "storage.example:7070"),
        ("virtual", "https://storage.example", "media.storage.example"),
        ("domain", "https://media.example.com", "media.example.com"),
    ],
)
def test_the_bucket_is_named_where_the_storage_wants_it(
    storage: Storage, addressing: str, endpoint: str, host: str
) -> None:
    with bucket(storage, addressing=addressing, endpoint=endpoint) as client:
        client.delete("a")
    assert storage.hosts == {host}


def put(storage: Storage, key: str, content: bytes) -> None:
    storage.objects[key] = (content, "text/plain", "acme")


def test_a_copy_is_taken_up_and_put_back_exactly(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, content in (("a", b"same"), ("b/ü", b"same"), ("c", b"other"), ("d", b"")):
        put(storage, key, content)
    read: list[str] = []
    download = Bucket.download

    def counted(self: Bucket, key: str, file: Path) -> tuple[StoredObject, str]:
        if key == "c" and "c" not in read:
            read.append(key)
            raise S3Error("the connection broke", status=0)
        read.append(key)
        return download(self, key, file)

    monkeypatch.setattr(Bucket, "download", counted)
    with bucket(storage) as client:
        with pytest.raises(S3Error):
            save_objects(client, tmp_path, lambda _text: None)
        assert not (tmp_path / "objects.jsonl").exists()
        read.clear()
        read.append("c")
        save_objects(client, tmp_path, lambda _text: None)
        assert read == ["c", "c", "d"], "what was copied is not read again"
        lines = [json.loads(line) for line in (tmp_path / "objects.jsonl").read_text(encoding="utf-8").splitlines()]
        assert [line["key"] for line in lines] == ["a", "b/ü", "c", "d"]
        assert lines[0]["sha256"] == lines[1]["sha256"] == hashlib.sha256(b"same").hexdigest()
        assert (lines[0]["type"], lines[0]["metadata"]["by"]) == ("text/plain", "acme")
        assert len(list((tmp_path / "objects").iterdir())) == 3
        before = dict(storage.objects)
        put(storage, "a", b"changed")
        put(storage, "e", b"new")
        del storage.objects["c"]
        load_objects(client, tmp_path, lambda _text: None)
        assert storage.objects == before


def test_a_content_that_is_missing_is_noticed_before_anything_is_written(storage: Storage, tmp_path: Path) -> None:
    put(storage, "a", b"x")
    with bucket(storage) as client:
        save_objects(client, tmp_path, lambda _text: None)
        put(storage, "a", b"y")
        next((tmp_path / "objects").iterdir()).unlink()
        with pytest.raises(TaskError, match="lacks the content of a"):
            load_objects(client, tmp_path, lambda _text: None)
    assert storage.objects["a"][0] == b"y"
