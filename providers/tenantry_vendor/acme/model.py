"""What a tenant file says of an ACME server: for the account models of runtimes that can answer for hosts."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_URL: Final = re.compile(r"^(https://[^\s/?#@]+|http://(127\.[0-9.]+|localhost)(:[0-9]+)?)(/[^\s?#]*)?$")


def _server(value: str) -> str:
    if not _URL.match(value):
        raise ValueError("write an https:// address without credentials, query or fragment")
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)


class KeyName(_Strict):
    """Exactly one of an environment variable and a file; each holds the key's secret in Base64."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _one(self) -> KeyName:
        if (self.env is None) == (self.file is None):
            raise ValueError("name exactly one of env and file")
        return self


class Key(_Strict):
    """`{ref: {env: NAME}}` or `{ref: {file: PATH}}`."""

    ref: KeyName


class Dns(_Strict):
    """A name server that takes updates signed by TSIG (RFC 2136, RFC 8945): certificates come by DNS-01 then."""

    server: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:\[\]-]+$", max_length=260)]
    zone: Annotated[str, Field(pattern=r"^[a-z0-9.-]+$", max_length=254)]
    key_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=254)]
    algorithm: Literal["hmac-sha256", "hmac-sha384", "hmac-sha512"] = "hmac-sha256"
    key: Key


class Acme(_Strict):
    """An ACME server (RFC 8555); it makes the certificates of domains with `tls: managed`.

    `directory` is its URL, `contact` an e-mail address for its messages, `ca_file` a PEM file with the authorities that
    the server itself is checked by, where they are not the usual ones. Without `dns` the hosts answer over HTTP. Using
    a server means agreeing to its terms of service.
    """

    directory: Annotated[str, AfterValidator(_server)]
    contact: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)] | None = None
    ca_file: str | None = None
    dns: Dns | None = None
