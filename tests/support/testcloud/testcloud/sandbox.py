"""The cloud of files needs no processes; its sandbox only has an address."""

# ruff: noqa: ARG002 - contracts give methods more arguments than a cloud of files needs
from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.contract.runtime import API_VERSION
from tenantry.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tenantry.contract.sandbox import PluginFile, ServiceStatus
    from tenantry.spec.plan import Json


class TestcloudSandbox:
    api_version = API_VERSION
    name = "testcloud"

    def up(self, folder: Path, progress: Callable[[str], None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "up").touch()

    def down(self, folder: Path, progress: Callable[[str], None]) -> None:
        (folder / "up").unlink(missing_ok=True)

    def status(self, folder: Path) -> list[ServiceStatus]:
        return []

    def logs(self, folder: Path, service: str | None, *, follow: bool, tail: int) -> Iterator[tuple[str, str]]:
        return iter(())

    def settings(self, folder: Path) -> Mapping[str, str]:
        if not (folder / "up").exists():
            raise SandboxError("The cloud of files was never started.", hint="Start it: tenantry sandbox up testcloud")
        return {"TENANTRY_SANDBOX_HTTP_PORT": "8099"}

    def plugins(self, folder: Path) -> list[PluginFile]:
        return []

    def accounts(self) -> Mapping[str, Mapping[str, Json]]:
        return {"plain": {}}

    def resources(self, folder: Path, instance: str) -> list[str]:
        return []
