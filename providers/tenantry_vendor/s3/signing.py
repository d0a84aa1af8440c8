"""AWS Signature Version 4 in the Authorization header, as S3 wants it: paths are encoded once."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

EMPTY: Final = hashlib.sha256(b"").hexdigest()
_ALGORITHM: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The access key of one bucket's user, and the region that signatures name."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str


def encoded(text: str, *, slash: bool = False) -> str:
    """Percent-encoded as signatures want it; `slash` keeps `/`."""
    return quote(text, safe="/-_.~" if slash else "-_.~")


def sign(
    keys: Keys,
    *,
    method: str,
    host: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    payload: str,
    now: dt.datetime,
) -> dict[str, str]:
    """The headers of a request, signed.

    Args:
        keys: whose.
        method: in capitals.
        host: as the Host header has it, with the port where it is not the scheme's own.
        path: percent-encoded.
        query: names and values, not encoded.
        headers: other headers that are sent and signed.
        payload: hexadecimal SHA-256 of the body.
        now: in UTC.
    """
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    signed = {name.lower(): value.strip() for name, value in headers.items()} | {
        "host": host,
        "x-amz-content-sha256": payload,
        "x-amz-date": stamp,
    }
    names = ";".join(sorted(signed))
    canonical = "\n".join(
        [
            method,
            path,
            "&".join(f"{encoded(name)}={encoded(value)}" for name, value in sorted(query.items())),
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            names,
            payload,
        ]
    )
    scope = f"{stamp[:8]}/{keys.region}/s3/aws4_request"
    text = "\n".join([_ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{keys.secret_access_key}".encode()
    for part in (stamp[:8], keys.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"{keys.access_key_id}/{scope}"
    return signed | {
        "authorization": f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    }
