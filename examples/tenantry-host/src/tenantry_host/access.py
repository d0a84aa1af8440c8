"""Where a host's control interface is, and its token: from the environment, in a sandbox as well as live."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry.errors import PreflightError

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN: Final = "TENANTRY_HOST_TOKEN"  # noqa: S105 - the name of a variable
"""The variable in which the plugin finds the token of a live host."""

SANDBOX_ENDPOINT: Final = "TENANTRY_SANDBOX_HOSTD_ENDPOINT"
SANDBOX_TOKEN_FILE: Final = "TENANTRY_SANDBOX_HOSTD_TOKEN_FILE"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class Access:
    """An address and what it takes to be let in."""

    endpoint: str
    token: str

    @classmethod
    def find(cls, environment: Mapping[str, str], endpoint: str | None, token_file: str | None) -> Access:
        """Live where an endpoint is given, else the running sandbox. Raises PreflightError with what is missing."""
        if endpoint is None:
            endpoint, token_file = environment.get(SANDBOX_ENDPOINT), environment.get(SANDBOX_TOKEN_FILE)
            if endpoint is None or token_file is None:
                raise PreflightError("No host is named.", hint="In sandbox mode start it: tenantry sandbox up host")
        if token_file is None:
            token = environment.get(TOKEN, "")
            if not token:
                raise PreflightError(
                    "The host's token is not there: the variable that runtime.account.token names is not set.",
                    hint="Set it to what the file `token` in the daemon's folder holds.",
                )
            return cls(endpoint, token)
        try:
            return cls(endpoint, Path(token_file).read_text(encoding="ascii").strip())
        except OSError as error:
            raise PreflightError(
                f"The host's token cannot be read: {token_file}: {error.strerror}",
                hint="Correct runtime.account.token; in a sandbox: tenantry sandbox up host",
            ) from error
