"""Brings a bucket's server to what the plan says: the application's account, the bucket, who may read, and from where.

Takes everything from the environment: ENDPOINT and ADMIN_ENDPOINT of the server, REGION, BUCKET,
ROOT_ACCESS_KEY_ID and ROOT_SECRET_ACCESS_KEY, ACCESS_KEY_ID and SECRET_ACCESS_KEY of the application, ORIGINS (a JSON
list: web pages of these origins may use presigned URLs), PUBLIC (`true`: anybody may read objects).

Doing it again changes nothing. One line on stderr and exit status 1 when the server refuses. Standard library only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import sys
import time
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE = 90.0
"""Seconds to wait for a server that starts."""
TIMEOUT = 20.0


class RefusedError(Exception):
    """The server said no."""


@dataclass(frozen=True)
class Keys:
    """An account of the server."""

    access: str
    secret: str


@dataclass(frozen=True)
class Answer:
    """A status and a body."""

    status: int
    body: str

    def expect(self, *codes: str) -> None:
        """Raises RefusedError unless it is a success, or an error with one of these codes."""
        if self.status < http.client.BAD_REQUEST or any(f"<Code>{code}</Code>" in self.body for code in codes):
            return
        raise RefusedError(f"status {self.status}: {self.body[:500]}")


@dataclass(frozen=True)
class Request:
    """What is asked."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def sign(request: Request, keys: Keys, region: str, now: float) -> dict[str, str]:
    """The headers of a request with its signature (AWS Signature Version 4, service s3)."""
    parts = urllib.parse.urlsplit(request.url)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    digest = hashlib.sha256(request.body).hexdigest()
    all_headers = {name.lower(): value for name, value in request.headers.items()}
    all_headers |= {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    names = sorted(all_headers)
    query = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
    canonical = "\n".join(
        [
            request.method,
            urllib.parse.quote(parts.path or "/", safe="/~"),
            "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(query)),
            *(f"{name}:{all_headers[name].strip()}" for name in names),
            "",
            ";".join(names),
            digest,
        ]
    )
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{keys.secret}".encode()
    for part in (*scope.split("/")[:3], "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    all_headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys.access}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return all_headers


class Server:
    """Signed requests as one account."""

    def __init__(self, keys: Keys, region: str, patience: float = PATIENCE) -> None:
        self._keys = keys
        self._region = region
        self._until = time.monotonic() + patience

    def ask(self, method: str, url: str, body: bytes = b"", **headers: str) -> Answer:
        """One answer. Raises RefusedError where nobody answers in time."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body:
            named["content-md5"] = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        while True:
            try:
                return self._once(Request(method, url, named, body))
            except (OSError, http.client.HTTPException) as error:
                if time.monotonic() > self._until:
                    raise RefusedError(f"{url} does not answer: {error or type(error).__name__}") from None
                time.sleep(0.3)

    def _once(self, request: Request) -> Answer:
        parts = urllib.parse.urlsplit(request.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=TIMEOUT)
        try:
            signed = sign(request, self._keys, self._region, time.time())
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(request.method, target, body=request.body, headers=signed)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode("utf-8", "replace"))
        finally:
            connection.close()


def cors(origins: list[str]) -> bytes:
    """The rules for web pages of these origins."""
    rules = "".join(f"<AllowedOrigin>{escape(origin)}</AllowedOrigin>" for origin in origins)
    methods = "".join(f"<AllowedMethod>{method}</AllowedMethod>" for method in ("GET", "HEAD", "PUT", "POST"))
    return (
        f"<CORSConfiguration><CORSRule>{rules}{methods}<AllowedHeader>*</AllowedHeader>"
        "<ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3600</MaxAgeSeconds></CORSRule></CORSConfiguration>"
    ).encode()


def policy(bucket: str, owner: str) -> bytes:
    """Anybody may read objects, and nothing else. Once there is a policy, it decides for the bucket's owner as well."""
    everything = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": [owner]}, "Action": "s3:*", "Resource": everything},
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": everything[1]},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}).encode()


def set_up(server: Server, environment: Mapping[str, str]) -> None:
    """Everything, in the order in which one needs the other. Raises RefusedError, KeyError."""
    endpoint, admin = environment["ENDPOINT"], environment["ADMIN_ENDPOINT"]
    bucket, access = environment["BUCKET"], environment["ACCESS_KEY_ID"]
    secret = escape(environment["SECRET_ACCESS_KEY"])
    account = f"<Account><Access>{escape(access)}</Access><Secret>{secret}</Secret><Role>user</Role></Account>"
    server.ask("PATCH", f"{admin}/create-user", account.encode()).expect("XAdminUserExists")
    changes = f"<MutableProps><Secret>{secret}</Secret><Role>user</Role></MutableProps>"
    server.ask("PATCH", f"{admin}/update-user?access={_quoted(access)}", changes.encode()).expect()
    made = server.ask("PATCH", f"{admin}/{bucket}/create", x_vgw_owner=access)
    made.expect("BucketAlreadyExists", "BucketAlreadyOwnedByYou")
    whose = f"bucket={_quoted(bucket)}&owner={_quoted(access)}"
    server.ask("PATCH", f"{admin}/change-bucket-owner?{whose}").expect()
    origins = json.loads(environment["ORIGINS"])
    if origins:
        server.ask("PUT", f"{endpoint}/{bucket}?cors=", cors(origins)).expect()
    else:
        server.ask("DELETE", f"{endpoint}/{bucket}?cors=").expect("NoSuchCORSConfiguration")
    if environment["PUBLIC"] == "true":
        server.ask("PUT", f"{endpoint}/{bucket}?policy=", policy(bucket, access)).expect()
    else:
        server.ask("DELETE", f"{endpoint}/{bucket}?policy=").expect("NoSuchBucketPolicy")


def main() -> int:
    """One run."""
    environment = os.environ
    try:
        root = Keys(environment["ROOT_ACCESS_KEY_ID"], environment["ROOT_SECRET_ACCESS_KEY"])
        set_up(Server(root, environment["REGION"]), environment)
    except KeyError as error:
        sys.stderr.write(f"the variable {error.args[0]} is missing\n")
        return 1
    except RefusedError as error:
        sys.stderr.write(f"the bucket could not be set up: {error}\n")
        return 1
    sys.stdout.write(f"the bucket {environment['BUCKET']} is ready\n")
    return 0


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="~")


if __name__ == "__main__":
    sys.exit(main())
