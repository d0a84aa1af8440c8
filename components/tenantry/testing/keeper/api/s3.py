"""The least subset of S3 that bindings promise, by presigned URLs."""

import datetime
import hashlib
import hmac
import os
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree


class Bucket:
    """The bucket that the variables of a binding name. Every method raises OSError where the server refuses."""

    def __init__(self, places: dict[str, str] | None = None) -> None:
        own = {name: os.environ[f"MEDIA_{name.upper()}"] for name in ("endpoint", "region", "bucket", "addressing")}
        self.place = own | (places or {})
        self.key_id = os.environ["MEDIA_ACCESS_KEY_ID"]
        self.secret = os.environ["MEDIA_SECRET_ACCESS_KEY"]

    def put(self, key: str, content: bytes) -> None:
        self._ask("PUT", self.link("PUT", key), content)

    def get(self, key: str) -> bytes:
        return self._ask("GET", self.link("GET", key))

    def delete(self, key: str) -> None:
        self._ask("DELETE", self.link("DELETE", key))

    def keys(self) -> list[str]:
        listed = ElementTree.fromstring(self._ask("GET", self.link("GET", "", {"list-type": "2"})))
        return sorted(each.text or "" for each in listed.iter() if each.tag.rpartition("}")[2] == "Key")

    def link(self, method: str, key: str, query: dict[str, str] | None = None, endpoint: str = "") -> str:
        """A URL that allows one request for five minutes: Signature Version 4 in the query."""
        split = urllib.parse.urlsplit(endpoint or self.place["endpoint"])
        host, folder = split.netloc, split.path.rstrip("/")
        if self.place["addressing"] == "path":
            folder += f"/{self.place['bucket']}"
        elif self.place["addressing"] == "virtual":
            host = f"{self.place['bucket']}.{host}"
        path = urllib.parse.quote(f"{folder}/{key}", safe="/-_.~")
        now = datetime.datetime.now(datetime.timezone.utc)
        day, stamp = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
        scope = f"{day}/{self.place['region']}/s3/aws4_request"
        values = (query or {}) | {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{self.key_id}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": "300",
            "X-Amz-SignedHeaders": "host",
        }
        canonical = "&".join(
            f"{urllib.parse.quote(name, safe='-_.~')}={urllib.parse.quote(values[name], safe='-_.~')}"
            for name in sorted(values)
        )
        request = "\n".join((method, path, canonical, f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"))
        text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
        key_bytes = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key_bytes = hmac.digest(key_bytes, part.encode(), "sha256")
        signature = hmac.digest(key_bytes, text.encode(), "sha256").hex()
        return f"{split.scheme}://{host}{path}?{canonical}&X-Amz-Signature={signature}"

    def _ask(self, method: str, url: str, content: bytes | None = None) -> bytes:
        request = urllib.request.Request(url, data=content, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=20) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise OSError(f"{method}: {error.code} {error.read(300)!r}") from None
