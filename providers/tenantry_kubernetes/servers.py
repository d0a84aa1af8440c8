"""The images of servers that keep data: which version, and the user that each one runs as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.spec.capabilities import Provenance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.spec.plan import DatabasePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerImage:
    """`runtime` names it in `account.images` and to the sandbox; `run_as` is its numeric user and group."""

    runtime: str
    image: str
    run_as: int


VERSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "postgresql": ("14", "15", "16", "17", "18"),
    "mysql": ("8.0", "8.4"),
}
"""Engine -> versions that the official images have."""

VERSITYGW: Final = ServerImage(runtime="versitygw", image="docker.io/versity/versitygw:v1.8.0", run_as=10001)
"""An S3 server over files, Apache-2.0. Its image names no user; it needs none that exists."""

_DATABASE_USER: Final = 999
DATABASE_USERS: Final = Provenance(
    kind="documented",
    source="https://github.com/docker-library/postgres, https://github.com/docker-library/mysql: "
    "Dockerfiles of the Debian and Oracle Linux variants: groupadd and useradd with 999",
    on="2026-11-23",
)


def database_image(database: DatabasePlan, overrides: Mapping[str, str]) -> ServerImage:
    """The official image of the engine's major version, or the account's for it."""
    runtime = f"{database.engine}{database.version}"
    name = {"postgresql": "postgres", "mysql": "mysql"}[database.engine]
    image = overrides.get(runtime, f"docker.io/library/{name}:{database.version}")
    return ServerImage(runtime=runtime, image=image, run_as=_DATABASE_USER)


def bucket_image(overrides: Mapping[str, str]) -> ServerImage:
    """The S3 server's image, or the account's for it."""
    return ServerImage(
        runtime=VERSITYGW.runtime,
        image=overrides.get(VERSITYGW.runtime, VERSITYGW.image),
        run_as=VERSITYGW.run_as,
    )
