"""The blocking client of one bucket."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal, Self
from urllib.parse import unquote, urlsplit

import httpx

from tenantry.errors import VendorError
from tenantry_vendor.s3.signing import EMPTY, Keys, encoded, sign

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Addressing = Literal["path", "virtual", "domain"]

_ATTEMPTS: Final = 4
_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_BLOCK: Final = 1024 * 1024
_META: Final = "x-amz-meta-"


class S3Error(VendorError):
    """The storage answered with an error. `status` is the HTTP status, 0 where no answer came."""

    def __init__(self, message: str, *, status: int, vendor_code: str = "", request_id: str = "") -> None:
        hint = "Check the bucket's address and keys." if status in {0, 401, 403, 404} else "Repeat the same command."
        super().__init__(message, vendor_code=vendor_code, request_id=request_id, hint=hint)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object. `size` in bytes, `etag` as the storage gives it, `type` the content type."""

    key: str
    size: int
    etag: str
    type: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


class Bucket:
    """One bucket. Methods raise S3Error; what may be repeated is repeated where the connection broke or it was busy.

    Args:
        endpoint: the storage's URL, without a trailing slash.
        name: the bucket's name.
        keys: of its user.
        addressing: `path`: the bucket is in the path; `virtual`: before the host; `domain`: the host is the bucket.
        wire: what carries the requests, where it is not the network.
    """

    def __init__(
        self,
        endpoint: str,
        name: str,
        keys: Keys,
        addressing: Addressing = "path",
        wire: httpx.BaseTransport | None = None,
    ) -> None:
        parts = urlsplit(endpoint)
        host = f"{name}.{parts.netloc}" if addressing == "virtual" else parts.netloc
        self._base = f"{parts.scheme}://{host}"
        self._host = host
        self._prefix = f"{parts.path}/{encoded(name)}" if addressing == "path" else parts.path
        self._keys = keys
        self._http = httpx.Client(timeout=_TIMEOUT, transport=wire, trust_env=not _is_loopback(parts.hostname or ""))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes every connection."""
        self._http.close()

    def list_objects(self) -> Iterator[StoredObject]:
        """Every object, in the order of the keys."""
        token = ""
        while True:
            query = {"list-type": "2", "encoding-type": "url"} | ({"continuation-token": token} if token else {})
            page = _parsed(self._send("GET", "", query=query).content)
            for each in page.iterfind("{*}Contents"):
                yield StoredObject(
                    key=unquote(each.findtext("{*}Key") or ""),
                    size=int(each.findtext("{*}Size") or 0),
                    etag=each.findtext("{*}ETag") or "",
                )
            token = page.findtext("{*}NextContinuationToken") or ""
            if page.findtext("{*}IsTruncated") != "true" or not token:
                return

    def download(self, key: str, file: Path) -> tuple[StoredObject, str]:
        """Writes an object's content to a file; the object, and the SHA-256 of the content in hexadecimal."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._download(key, file)
            except (httpx.TransportError, S3Error) as error:
                self._give_up_or_wait(error, attempt)
        raise AssertionError

    def upload(self, key: str, file: Path, *, sha256: str, type: str, metadata: Mapping[str, str]) -> None:  # noqa: A002 - HTTP's word
        """Stores a file as an object; the storage compares its content with the digest."""
        headers = {"content-length": str(file.stat().st_size)}
        headers |= {"content-type": type} if type else {}
        headers |= {f"{_META}{name}": value for name, value in metadata.items()}
        self._send("PUT", key, headers=headers, payload=sha256, file=file)

    def delete(self, key: str) -> None:
        """Removes an object; one that is not there is no error."""
        self._send("DELETE", key)

    def _download(self, key: str, file: Path) -> tuple[StoredObject, str]:
        digest, size = hashlib.sha256(), 0
        request = self._request("GET", key)
        response = self._http.send(request, stream=True)
        try:
            if response.is_error:
                response.read()
                raise _error("GET", key, response)
            with file.open("wb") as opened:
                for block in response.iter_raw(_BLOCK):
                    opened.write(block)
                    digest.update(block)
                    size += len(block)
        finally:
            response.close()
        if size != int(response.headers.get("content-length", size)):
            raise S3Error(f"The storage broke off the content of {key}.", status=0)
        found = StoredObject(
            key=key,
            size=size,
            etag=response.headers.get("etag", ""),
            type=response.headers.get("content-type", ""),
            metadata={
                name.lower().removeprefix(_META): value
                for name, value in response.headers.items()
                if name.lower().startswith(_META)
            },
        )
        return found, digest.hexdigest()

    def _send(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        payload: str = EMPTY,
        file: Path | None = None,
    ) -> httpx.Response:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                request = self._request(method, key, query=query, headers=headers, payload=payload, file=file)
                response = self._http.send(request)
                if response.is_error:
                    raise _error(method, key, response)
            except (httpx.TransportError, S3Error) as error:
                self._give_up_or_wait(error, attempt)
            else:
                return response
        raise AssertionError

    def _request(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        payload: str = EMPTY,
        file: Path | None = None,
    ) -> httpx.Request:
        path = f"{self._prefix}/{encoded(key, slash=True)}" if key else (self._prefix or "/")
        signed = sign(
            self._keys,
            method=method,
            host=self._host,
            path=path,
            query=query or {},
            headers=headers or {},
            payload=payload,
            now=dt.datetime.now(dt.UTC),
        )
        listed = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in sorted((query or {}).items()))
        url = f"{self._base}{path}{'?' + listed if listed else ''}"
        content = _blocks(file) if file is not None else None
        return self._http.build_request(method, url, headers=signed, content=content)

    def _give_up_or_wait(self, error: httpx.TransportError | S3Error, attempt: int) -> None:
        passing = not isinstance(error, S3Error) or error.status in {0, 429} or error.status >= 500  # noqa: PLR2004 - HTTP
        if passing and attempt < _ATTEMPTS:
            time.sleep(0.2 * 2**attempt)
        elif isinstance(error, S3Error):
            raise error
        else:
            why = str(error) or type(error).__name__
            raise S3Error(f"The storage at {self._base} cannot be reached: {why}", status=0) from None


def _is_loopback(host: str) -> bool:
    # A proxy of the environment's is never for this machine.
    return host == "localhost" or host.startswith("127.")


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            yield block


def _parsed(content: bytes) -> ET.Element:
    try:
        return ET.fromstring(content)  # noqa: S314 - expat refuses entities that grow; the storage is the tenant's own
    except ET.ParseError:
        raise S3Error("The storage's answer is not XML.", status=0) from None


def _error(method: str, key: str, response: httpx.Response) -> S3Error:
    code = message = request = ""
    if response.content.lstrip().startswith(b"<"):
        found = _parsed(response.content)
        code, message = found.findtext("{*}Code") or "", found.findtext("{*}Message") or ""
        request = found.findtext("{*}RequestId") or ""
    known = HTTPStatus(response.status_code).phrase if response.status_code in set(HTTPStatus) else ""
    what = f"{method} {key or 'of the bucket'}"
    return S3Error(
        f"The storage refused {what}: {' '.join(filter(None, (code or known, message)))}",
        status=response.status_code,
        vendor_code=code,
        request_id=request,
    )
