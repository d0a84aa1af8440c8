"""What a tenant file may say to this runtime: `runtime.account`; there are no extensions."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

_HOST_NAME = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)


class TokenName(_Strict):
    """Exactly one of an environment variable that holds the token and the path of a file that does."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    file: Annotated[str, Field(pattern=r"^/")] | None = None

    @model_validator(mode="after")
    def _one(self) -> TokenName:
        if (self.env is None) == (self.file is None):
            raise ValueError("name exactly one of env and file")
        return self


class TokenReference(_Strict):
    """`{ref: {env: NAME}}` or `{ref: {file: PATH}}`."""

    ref: TokenName


class Account(_Strict):
    """One host. A sandbox needs none of this: it is its own."""

    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+$")] | None = Field(
        default=None, description="The daemon's control address, for example the near end of an SSH tunnel."
    )
    token: TokenReference | None = Field(default=None, description="The daemon's control token.")
    host_suffix: Annotated[str, Field(pattern=_HOST_NAME)] | None = Field(
        default=None, description="Instances without domains are served below this name."
    )
    id: str | None = Field(default=None, description="The host's id; with it, another host is refused.")


class Extensions(_Strict):
    """Nothing: what a template needs here, every runtime can give."""
