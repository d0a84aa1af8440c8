"""Pictures that visitors add to an order. Their browser puts them into the bucket, by a URL for that one object."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import s3
import visitors
from errors import Refused

if TYPE_CHECKING:
    from database import Pool
    from pg8000.native import Connection
    from s3 import Bucket

TYPES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
MAX_BYTES = 5 * 1024 * 1024
MAX_OPEN = 20
UPLOAD_SECONDS = 600
SHOW_SECONDS = 2 * 3600
ATTACH_HOURS = 20
"""Younger than what the nightly job clears away, so that it never takes a picture that is about to be ordered with."""


def allow_upload(
    connection: Connection, bucket: Bucket, token: str, type_: object, size: object
) -> tuple[str, dict[str, object]]:
    """The visitor's token, and how to upload one picture. `size` in bytes."""
    problems = {}
    if not isinstance(type_, str) or type_ not in TYPES:
        problems["type"] = f"type must be one of {', '.join(TYPES)}"
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_BYTES:
        problems["size"] = f"size must be a whole number from 1 to {MAX_BYTES}"
    if problems:
        raise Refused(422, "invalid", "This picture cannot be taken.", problems)
    if not visitors.known(connection, token):
        token = visitors.begin(connection)
    session = visitors.digest(token)
    visitors.lock(connection, token)
    open_ = connection.run(
        "SELECT count(*) FROM pictures p WHERE session = :session"
        " AND NOT EXISTS (SELECT FROM orders WHERE picture = p.id)",
        session=session,
    )[0][0]
    if open_ >= MAX_OPEN:
        raise Refused(429, "too_many_pictures", "Too many pictures were uploaded without an order.")
    picture = secrets.token_hex(16)
    connection.run(
        "INSERT INTO pictures (id, session, type) VALUES (:id, :session, :type)",
        id=picture,
        session=session,
        type=type_,
    )
    headers = {"Content-Type": str(type_)}
    url = s3.presign(bucket, "PUT", _key(picture, str(type_)), seconds=UPLOAD_SECONDS, headers=headers)
    upload = {"method": "PUT", "url": url, "headers": headers, "seconds": UPLOAD_SECONDS}
    return token, {"id": picture, "upload": upload}


def check(pool: Pool, bucket: Bucket, token: str, picture: object) -> None:
    """Raises Refused where the visitor has not uploaded this picture, or has uploaded something else."""
    text = picture if isinstance(picture, str) and re.fullmatch("[0-9a-f]{32}", picture) else ""
    rows = pool.run(
        lambda connection: connection.run(
            "SELECT type FROM pictures WHERE id = :id AND session = :session"
            f" AND created > now() - interval '{ATTACH_HOURS} hours'",
            id=text,
            session=visitors.digest(token),
        )
    )
    if not rows:
        raise _refused("there is no such picture")
    status, headers = s3.request(bucket, "HEAD", _key(text, rows[0][0]))
    if status != 200:
        raise _refused("the picture was not uploaded")
    length = headers.get("content-length", "")
    if headers.get("content-type") != rows[0][0] or not length.isdigit() or not 1 <= int(length) <= MAX_BYTES:
        raise _refused(f"the picture must be of type {rows[0][0]} with at most {MAX_BYTES} bytes")


def shown(bucket: Bucket, picture: str | None, type_: str | None) -> dict[str, object] | None:
    """Where the order's picture can be seen for at least an hour."""
    if picture is None or type_ is None:
        return None
    # Signed as of the full hour: the URL stays the same meanwhile, and browsers keep what they have loaded.
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    url = s3.presign(bucket, "GET", _key(picture, type_), seconds=SHOW_SECONDS, now=hour)
    return {"id": picture, "type": type_, "url": url}


def forget_unused(pool: Pool, bucket: Bucket, most: int) -> int:
    """Deletes pictures of yesterday and before that no order has; returns how many, `most` at once."""
    unused = "created < now() - interval '1 day' AND NOT EXISTS (SELECT FROM orders WHERE picture = pictures.id)"
    rows = pool.run(
        lambda connection: connection.run(
            f"SELECT id, type FROM pictures WHERE {unused} ORDER BY created LIMIT :most", most=most
        )
    )
    gone = [id_ for id_, type_ in rows if s3.request(bucket, "DELETE", _key(id_, type_))[0] in (200, 204, 404)]
    pool.run(lambda connection: connection.run(f"DELETE FROM pictures WHERE id = ANY(:gone) AND {unused}", gone=gone))
    return len(gone)


def _key(picture: str, type_: str) -> str:
    return f"orders/{picture}.{TYPES[type_]}"


def _refused(problem: str) -> Refused:
    return Refused(422, "invalid", "The picture cannot be used.", {"picture": problem})
