"""Tokens by which an instance takes over the data that a retired one left.

A token names no secret: whoever may deploy to the account can reach the data anyway. It shows that the record of the
retirement is at hand, and it fits one tenant, instance, mode, runtime and account only, so that nobody's data gets into
somebody else's stack by mistake. Only the standard library is imported here.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from typing import TYPE_CHECKING, Final

from tenantry.spec.names import ADOPT_TOKEN

if TYPE_CHECKING:
    from collections.abc import Mapping

IDENTITY: Final = ("tenant", "instance", "mode", "runtime", "account")
"""What a token is bound to: the inputs of the identity that never change. `account` is its fingerprint."""

_SHAPE: Final = re.compile(ADOPT_TOKEN)


def new_token(identity: Mapping[str, str]) -> str:
    """A token for the data of the instance with this identity; every retirement gets another one."""
    return _token(secrets.token_hex(4), identity)


def fits(token: str, identity: Mapping[str, object]) -> bool:
    """Whether the token was made for this identity."""
    if _SHAPE.fullmatch(token) is None:
        return False
    return token == _token(token.split("-")[1], identity)


def _token(nonce: str, identity: Mapping[str, object]) -> str:
    bound = json.dumps([nonce, *(str(identity.get(name, "")) for name in IDENTITY)])
    return f"adopt-{nonce}-{hashlib.sha256(bound.encode()).hexdigest()[:32]}"
