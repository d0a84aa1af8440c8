"""What of a file's text may stand in a message: short, and nothing that looks like a key."""

from __future__ import annotations

import re
from typing import Final

_KEYS: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bLTAI[0-9A-Za-z]{12,}\b"
    r"|\bAKID[0-9A-Za-z]{16,}\b"
    r"|\bAIza[0-9A-Za-z_-]{35}\b"
    r"|\bgh[opsur]_[0-9A-Za-z]{36,}\b"
    r"|\bxox[abprs]-[0-9A-Za-z-]{10,}"
    r"|\b[rs]k_(live|test)_[0-9A-Za-z]{16,}\b"
    r"|\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\."
)
_LONGEST: Final = 60


def looks_like_key(text: str) -> bool:
    """Whether the text has the form of a vendor's key, a token or a private key."""
    return _KEYS.search(text) is not None


def shown(text: str, longest: int = _LONGEST) -> str:
    """The text where it may be shown, shortened to `longest` characters; `…` for what looks like a key."""
    if looks_like_key(text):
        return "…"
    return text if len(text) <= longest else text[: longest - 1] + "…"
