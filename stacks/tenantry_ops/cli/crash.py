"""The log of an unexpected error: a traceback without anything that looks secret."""

from __future__ import annotations

import os
import platform
import re
import sys
import traceback
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_SECRET_NAME = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL", re.IGNORECASE)
_PATTERNS = (
    re.compile(r"-----BEGIN [^-]+-----.*?-----END [^-]+-----", re.DOTALL),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(r"(?i)(?<=bearer )\S+"),
    re.compile(r"(?i)((?:passphrase|password|passwd|secret|token)[\"']?\s*[=:]\s*)[\"']?[^\s\"',)]+"),
)
_HIDDEN = "[secret]"
_SHORTEST = 6


def redact(text: str) -> str:
    """The text without values of secret environment variables, keys in PEM form, passwords and tokens."""
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST and _SECRET_NAME.search(name) and not Path(value).exists():
            text = text.replace(value, _HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(lambda found: (found.group(1) if found.lastindex else "") + _HIDDEN, text)
    return text


def write_log(error: BaseException, folder: Path | None) -> Path | None:
    """Writes the traceback of an error below the project, else below the cache; None where neither can be written."""
    now = datetime.now(tz=UTC)
    text = "\n".join(
        [
            f"tenantry {version('tenantry')}, Python {platform.python_version()}, {platform.platform()}",
            f"{now.isoformat(timespec='seconds')} {redact(' '.join(sys.argv))}",
            redact("".join(traceback.format_exception(error))),
        ]
    )
    for place in _places(folder):
        file = place / f"error-{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
        try:
            place.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError:
            continue
        return file
    return None


def _places(folder: Path | None) -> list[Path]:
    start = (folder or Path.cwd()).absolute()
    roots = [root for root in (start, *start.parents) if (root / "Pulumi.yaml").is_file()]
    cache = Path(os.environ.get("TENANTRY_CACHE") or Path.home() / ".cache" / "tenantry")
    return [*(root / ".tenantry" / "logs" for root in roots[:1]), cache / "logs"]
