"""The language in which a person is spoken to: English or Chinese, by locale."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tenantry.spec.parameter_schema import Language

_VARIABLES: Final = ("TENANTRY_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def language() -> Language:
    """`zh` where the first variable that is set begins so, else `en`; TENANTRY_LANGUAGE wins over the locale."""
    for name in _VARIABLES:
        value = os.environ.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"
