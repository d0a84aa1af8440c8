"""Which inputs a credential takes, and how it makes a value: pure but for the machine's random numbers."""

from __future__ import annotations

import secrets
import string
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ALPHABET: Final = string.ascii_letters + string.digits
"""Nothing that a URL, a shell, a connection string or a configuration file would have to escape."""
LEAST: Final = 16
"""16 of 62 characters are 95 bits."""
MOST: Final = 128
USUAL: Final = 32

INPUTS: Final = ("of", "length", "given")


def problems(old: Mapping[str, object], new: Mapping[str, object], unknown: frozenset[str]) -> list[tuple[str, str]]:
    """Pairs of property and reason why inputs cannot be taken. No reason repeats a value."""
    found = [
        (name, f"a credential has no property {name!r}; it has: {', '.join(INPUTS)}")
        for name in sorted(set(new) - set(INPUTS))
    ]
    opens = new.get("of")
    if "of" not in unknown:
        if not isinstance(opens, str) or not opens:
            found.append(("of", "say what the credential opens"))
        elif old.get("of") not in {None, opens}:
            found.append(("of", _another(str(old["of"]), opens)))
    length = new.get("length", USUAL)
    if "length" not in unknown and not (
        isinstance(length, int | float) and not isinstance(length, bool) and LEAST <= length <= MOST
    ):
        found.append(("length", f"length must be a number between {LEAST} and {MOST}"))
    given = new.get("given")
    if given is not None and not (isinstance(given, str) and given):
        found.append(("given", "the given value must be a text that is not empty"))
    return found


def make(length: float) -> str:
    """A new value."""
    return "".join(secrets.choice(ALPHABET) for _ in range(int(length)))


def _another(old: str, new: str) -> str:
    return (
        f"the data behind this credential belongs to {old}, and now {new} is asked for. Nothing was changed: one does "
        f"not read the other's files. Set it back to {old}; or back up, deploy a new instance with {new}, and restore "
        "into that one."
    )
