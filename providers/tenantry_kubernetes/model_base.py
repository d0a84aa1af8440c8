"""What the models of this runtime share: the strict base, and the types of their fields."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_QUANTITY: Final = re.compile(r"^[1-9][0-9]{0,5}(Mi|Gi|Ti)$")
_LABEL: Final = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_HOST: Final = re.compile(r"^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$")


def _network(value: str) -> str:
    return str(ipaddress.ip_network(value))


def _host(value: str) -> str:
    if not _HOST.match(value):
        raise ValueError("write a lower-case domain name, such as apps.example.com")
    return value


def absolute(value: str) -> str:
    """An absolute path. Raises ValueError."""
    if not value.startswith(("/", "~/")):
        raise ValueError("write an absolute path, or one that begins with ~/")
    return value


def https(value: str) -> str:
    """An address without a trailing slash. Raises ValueError."""
    if not re.match(r"^https://[^\s?#@]+$", value) and not re.match(r"^http://(127\.|localhost[:/])[^\s?#@]*$", value):
        raise ValueError("write an https:// address without credentials, query or fragment")
    return value.rstrip("/")


def _quantity(value: str) -> str:
    if not _QUANTITY.match(value):
        raise ValueError("write an amount such as 20Gi")
    return value


Name = Annotated[str, Field(pattern=_LABEL)]
Network = Annotated[str, AfterValidator(_network)]
HostName = Annotated[str, AfterValidator(_host)]
Quantity = Annotated[str, AfterValidator(_quantity)]
Component = Annotated[str, Field(pattern=r"^[a-z](-?[a-z0-9])*$", min_length=3, max_length=40)]


class Strict(BaseModel):
    """Unknown fields are errors, and nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, str_min_length=1)
