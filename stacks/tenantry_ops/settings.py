"""The project's settings, `tenantry.yaml`, as the operations need them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tenantry.spec.plan import Mode

FILE: Final = "tenantry.yaml"
SHIPPED: Final = "shipped"
"""The value of `catalogue` that means the templates of the installed package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `tenantry.yaml` says.

    `backends` maps a name to the URL of a Pulumi backend. `secrets` maps a name to what encrypts a state: the path of a
    passphrase file in which `{instance}` stands for the instance id, or the URL of a key service. Tenant files choose
    by these names. `publishers` maps a name to the paths of its public keys, from the project's root.
    """

    catalogue: str
    mode: Mode
    backends: Mapping[str, str]
    secrets: Mapping[str, str]
    require_signatures: bool = False
    publishers: Mapping[str, Sequence[str]] = field(default_factory=dict)


def read_settings(file: Path) -> Settings:
    """Reads and checks `tenantry.yaml`. Raises SpecError with every problem."""
    from tenantry.spec.load import load_project

    loaded = load_project(file, name=FILE)
    return Settings(
        catalogue=loaded.catalogue,
        mode=loaded.mode,
        backends={name: backend.url for name, backend in loaded.backends.items()},
        secrets={name: provider.path or provider.url or "" for name, provider in loaded.secrets.items()},
        require_signatures=loaded.trust.require_signatures,
        publishers={name: list(publisher.keys) for name, publisher in loaded.trust.publishers.items()},
    )
