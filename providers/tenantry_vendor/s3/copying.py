"""A bucket's objects as files: `objects.jsonl` lists them, `objects/<sha256>` holds each different content once."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from tenantry.errors import TaskError
from tenantry_vendor.s3.client import S3Error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tenantry_vendor.s3.client import Bucket, StoredObject

LIST: Final = "objects.jsonl"
CONTENTS: Final = "objects"
_JOURNAL: Final = "journal.jsonl"
_NOT_FOUND: Final = 404


def save_objects(bucket: Bucket, folder: Path, progress: Callable[[str], None]) -> None:
    """Writes every object of a bucket below a folder, which may hold part of an earlier attempt. Raises S3Error."""
    contents = folder / CONTENTS
    contents.mkdir(mode=0o700, exist_ok=True)
    (folder / LIST).unlink(missing_ok=True)
    known = {(line["key"], line["etag"], line["size"]): line for line in _lines(folder / _JOURNAL)}
    saved: list[dict[str, Any]] = []
    with (folder / _JOURNAL).open("a", encoding="utf-8") as journal:
        for found in bucket.list_objects():
            progress(f"copying {found.key}")
            line = known.get((found.key, found.etag, found.size))
            if line is None or not _is_whole(contents, line["sha256"]):
                line = _save(bucket, found, contents)
                if line is None:
                    continue
                journal.write(json.dumps(line, ensure_ascii=False) + "\n")
                journal.flush()
            saved.append({name: value for name, value in line.items() if name != "etag"})
    wanted = {line["sha256"] for line in saved}
    for file in contents.iterdir():
        if file.name not in wanted:
            file.unlink()
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in saved)
    (folder / LIST).write_text(text, encoding="utf-8")
    (folder / _JOURNAL).unlink()


def load_objects(bucket: Bucket, folder: Path, progress: Callable[[str], None]) -> None:
    """Makes a bucket hold exactly what the folder holds. Doing it twice gives the same. Raises S3Error, TaskError."""
    wanted = list(_lines(folder / LIST))
    for line in wanted:
        file = folder / CONTENTS / line["sha256"]
        if not file.is_file():
            raise TaskError(f"The backup lacks the content of {line['key']}.", hint="Use another backup.")
    for line in wanted:
        progress(f"restoring {line['key']}")
        bucket.upload(
            line["key"],
            folder / CONTENTS / line["sha256"],
            sha256=line["sha256"],
            type=line["type"],
            metadata=line["metadata"],
        )
    keys = {line["key"] for line in wanted}
    for found in list(bucket.list_objects()):
        if found.key not in keys:
            progress(f"removing {found.key}")
            bucket.delete(found.key)


def _save(bucket: Bucket, found: StoredObject, contents: Path) -> dict[str, Any] | None:
    part = contents / "part"
    try:
        whole, sha256 = bucket.download(found.key, part)
    except S3Error as error:
        if error.status == _NOT_FOUND:
            # It was removed since it was listed.
            return None
        raise
    part.replace(contents / sha256)
    return {
        "key": found.key,
        "size": whole.size,
        "sha256": sha256,
        "type": whole.type,
        "metadata": dict(whole.metadata),
        "etag": found.etag,
    }


def _is_whole(contents: Path, sha256: str) -> bool:
    digest = hashlib.sha256()
    try:
        with (contents / sha256).open("rb") as file:
            while block := file.read(1024 * 1024):
                digest.update(block)
    except FileNotFoundError:
        return False
    return digest.hexdigest() == sha256


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            # The last line of an attempt that was killed.
            continue
        if isinstance(found, dict):
            yield found
