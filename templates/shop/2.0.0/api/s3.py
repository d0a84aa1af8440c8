"""A private bucket over the S3 protocol: requests of our own, and URLs that let a browser put or get one object.

Signatures are AWS Signature Version 4, which every S3-compatible store understands.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

ADDRESSING = ("path", "virtual", "domain")
TIMEOUT_SECONDS = 10
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket and its keys. `endpoint` is for us, `public_endpoint` is what browsers reach.

    `addressing`: `path` puts the bucket's name into the path, `virtual` before the host; with `domain` the host is
    the bucket.
    """

    endpoint: str
    public_endpoint: str
    region: str
    name: str
    key_id: str
    secret: str = field(repr=False)
    addressing: str = "path"

    @property
    def public_origin(self) -> str:
        """The origin that a page must be allowed to talk to."""
        scheme, host, _ = self.address(self.public_endpoint, "")
        return f"{scheme}://{host}"

    def address(self, endpoint: str, key: str) -> tuple[str, str, str]:
        """Scheme, `Host` header and encoded path of an object."""
        url = urlsplit(endpoint)
        host = url.hostname or ""
        if ":" in host:
            host = f"[{host}]"
        if self.addressing == "virtual":
            host = f"{self.name}.{host}"
        if url.port and url.port != {"http": 80, "https": 443}[url.scheme]:
            host = f"{host}:{url.port}"
        parts = [self.name, key] if self.addressing == "path" else [key]
        return url.scheme, host, "/" + "/".join(quote(part, safe="/-_.~") for part in parts if part)


def read_bucket(env: Mapping[str, str], problems: list[str]) -> Bucket | None:
    """The bucket of the MEDIA_ variables; appends to `problems` what is wrong with them."""
    before = len(problems)
    endpoint = env.get("MEDIA_ENDPOINT", "")
    public = env.get("MEDIA_PUBLIC_ENDPOINT") or endpoint
    for name, value in (("MEDIA_ENDPOINT", endpoint), ("MEDIA_PUBLIC_ENDPOINT", public)):
        try:
            url = urlsplit(value)
            fine = url.scheme in ("http", "https") and url.hostname and url.path in ("", "/") and url.port != 0
        except ValueError:
            fine = False
        if not fine:
            problems.append(f"{name} must look like https://storage.example.com")
    names = ("MEDIA_REGION", "MEDIA_BUCKET", "MEDIA_ACCESS_KEY_ID", "MEDIA_SECRET_ACCESS_KEY")
    problems += [f"{name} is missing" for name in names if not env.get(name)]
    addressing = env.get("MEDIA_ADDRESSING", "path")
    if addressing not in ADDRESSING:
        problems.append(f"MEDIA_ADDRESSING must be one of {', '.join(ADDRESSING)}")
    if len(problems) > before:
        return None
    region, bucket, key_id, secret = (env[name] for name in names)
    return Bucket(endpoint, public, region, bucket, key_id, secret, addressing)


def presign(
    bucket: Bucket,
    method: str,
    key: str,
    *,
    seconds: int,
    now: datetime | None = None,
    headers: Mapping[str, str] | None = None,
) -> str:
    """A URL that allows one method on one object for `seconds`. The caller's request must carry `headers` as given."""
    moment = now or datetime.now(UTC)
    scheme, host, path = bucket.address(bucket.public_endpoint, key)
    signed = {"host": host, **{name.lower(): value for name, value in (headers or {}).items()}}
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{bucket.key_id}/{_scope(bucket, moment)}",
        "X-Amz-Date": _stamp(moment),
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": ";".join(sorted(signed)),
    }
    signature = _signature(bucket, moment, _canonical(method, path, query, signed, "UNSIGNED-PAYLOAD"))
    return f"{scheme}://{host}{path}?{_query(query)}&X-Amz-Signature={signature}"


def authorize(
    bucket: Bucket,
    method: str,
    address: tuple[str, str],
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    payload_sha256: str = EMPTY_SHA256,
    now: datetime | None = None,
) -> dict[str, str]:
    """The headers of a signed request to `address` (`Host` header and encoded path)."""
    moment = now or datetime.now(UTC)
    host, path = address
    sent = {"host": host, **{name.lower(): value for name, value in (headers or {}).items()}}
    sent |= {"x-amz-content-sha256": payload_sha256, "x-amz-date": _stamp(moment)}
    signature = _signature(bucket, moment, _canonical(method, path, query or {}, sent, payload_sha256))
    credential = f"Credential={bucket.key_id}/{_scope(bucket, moment)}"
    names = ";".join(sorted(sent))
    return {
        **sent,
        "authorization": f"AWS4-HMAC-SHA256 {credential},SignedHeaders={names},Signature={signature}",
    }


def request(bucket: Bucket, method: str, key: str) -> tuple[int, dict[str, str]]:
    """Status and headers (names in small letters) of a request without a body. Raises Unavailable."""
    scheme, host, path = bucket.address(bucket.endpoint, key)
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = kind(host, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, headers=authorize(bucket, method, (host, path)))
        response = connection.getresponse()
        response.read(64 * 1024)
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable("bucket", type(error).__name__) from None
    finally:
        connection.close()
    if response.status >= 500 or response.status == 403:
        raise Unavailable("bucket", f"status {response.status}")
    return response.status, {name.lower(): value for name, value in response.getheaders()}


def _canonical(
    method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], payload_sha256: str
) -> str:
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in sorted(headers))
    return "\n".join((method, path, _query(query), lines, ";".join(sorted(headers)), payload_sha256))


def _signature(bucket: Bucket, moment: datetime, canonical: str) -> str:
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(("AWS4-HMAC-SHA256", _stamp(moment), _scope(bucket, moment), hashed))
    key = b"AWS4" + bucket.secret.encode()
    for part in (*_scope(bucket, moment).split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def _scope(bucket: Bucket, moment: datetime) -> str:
    return f"{moment:%Y%m%d}/{bucket.region}/s3/aws4_request"


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def _query(query: Mapping[str, str]) -> str:
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)
