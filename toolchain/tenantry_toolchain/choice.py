"""The settings that say where a thing may come from."""

from __future__ import annotations

import os

from tenantry.errors import PreflightError


def chosen(variable: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The ways to try, in order: all of `known`, or the one that the environment variable names.

    Raises:
        PreflightError: the variable names something else.
    """
    named = os.environ.get(variable, "")
    if not named:
        return known
    if named not in known:
        message = f"{variable} is {named!r}, which is none of {', '.join(known)}."
        raise PreflightError(message, hint=f"Unset {variable}, or set it to one of them.")
    return (named,)
