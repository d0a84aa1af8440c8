"""The sandbox of the runtime `host`: the real daemon, on this machine, in a folder of its own."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Final

from tenantry.contract.sandbox import PluginFile, ServiceStatus
from tenantry.errors import SandboxError

from tenantry_host.access import SANDBOX_ENDPOINT, SANDBOX_TOKEN_FILE
from tenantry_host.runtime import API_VERSION, PLUGIN, PLUGIN_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tenantry.contract.runtime import Permission
    from tenantry.spec.plan import Json
    from tenantry_vendor.sandbox.daemon import Daemon, DaemonFolder
    from tenantry_vendor.sandbox.ports import PortBook

_NAME: Final = "daemon"
_PORTS: Final = ("http", "https", "control")
_GET_HOST: Final = f"{PLUGIN}:index:getHost"


class HostSandbox:
    """Implements `tenantry.contract.sandbox.Sandbox`."""

    api_version = API_VERSION
    name = "host"

    def up(self, folder: Path, progress: Callable[[str], None]) -> None:
        """Starts the daemon where it does not run. Raises SandboxError."""
        from filelock import FileLock
        from tenantry_vendor.sandbox.files import private_folder

        folder = private_folder(folder.absolute())
        with FileLock(folder / "lock"):
            daemons, ports = _daemons(folder), _ports(folder)
            running = daemons.find(_NAME)
            if running is None:
                ports.settle(_PORTS, lambda name, old, new: progress(f"Port {old} ({name}) is taken; using {new}"))
            daemon = _daemon(folder, ports)
            if running is not None and running.extra.get("digest") == daemon.digest:
                daemons.wait(daemon, running)
                return
            daemons.stop(_NAME)
            progress("Starting the host's daemon")
            daemons.wait(daemon, daemons.start(daemon))

    def down(self, folder: Path, progress: Callable[[str], None]) -> None:
        """Stops the daemon and every process of the instances; what was deployed stays."""
        if _daemons(folder.absolute()).stop(_NAME):
            progress("Stopped the host's daemon")

    def status(self, folder: Path) -> list[ServiceStatus]:
        """The daemon."""
        folder = folder.absolute()
        ports = _ports(folder)
        address = f"http://127.0.0.1:{ports.get('http')}" if "http" in ports else ""
        return [_daemons(folder).status(_NAME, address, lambda: _missing(ports))]

    def logs(self, folder: Path, service: str | None, *, follow: bool, tail: int) -> Iterator[tuple[str, str]]:
        """Lines of the daemon. Raises SandboxError for an unknown name."""
        from tenantry_vendor.sandbox import logfile

        if service not in {None, _NAME}:
            raise SandboxError(f"The sandbox has no process {service!r}.", hint=f"Name: {_NAME}")
        file = _daemons(folder.absolute()).log_file(_NAME)
        for line in logfile.tail(file, tail):
            yield _NAME, line
        if follow:
            yield from logfile.follow({_NAME: file})

    def settings(self, folder: Path) -> Mapping[str, str]:
        """Ports and paths. Raises SandboxError where it was never started."""
        folder = folder.absolute()
        ports = _ports(folder)
        if any(name not in ports for name in _PORTS):
            raise SandboxError("The sandbox of the runtime host was never started.", hint="tenantry sandbox up host")
        return {
            "TENANTRY_SANDBOX_HTTP_PORT": str(ports["http"]),
            "TENANTRY_SANDBOX_HTTPS_PORT": str(ports["https"]),
            "TENANTRY_SANDBOX_CA_FILE": str(folder / "host" / "gateway-keys" / "ca.pem"),
            SANDBOX_ENDPOINT: f"http://127.0.0.1:{ports['control']}",
            SANDBOX_TOKEN_FILE: str(folder / "host" / "token"),
        }

    def plugins(self, folder: Path) -> list[PluginFile]:
        """The plugin of this package, started with the interpreter of this process."""
        from tenantry_vendor.sandbox.files import private_folder, write_private

        launcher = private_folder(folder.absolute()) / f"pulumi-resource-{PLUGIN}"
        python = sys.executable.replace("'", "'\\''")
        write_private(launcher, f"#!/bin/sh\nexec '{python}' -I -m tenantry_host.plugin \"$@\"\n", mode=0o755)
        return [PluginFile(name=PLUGIN, version=PLUGIN_VERSION, path=launcher)]

    def accounts(self) -> Mapping[str, Mapping[str, Json]]:
        """One: a host that needs no account."""
        return {"plain": {}}

    def answers(self) -> Mapping[str, Mapping[str, Json]]:
        """What `connect` asks."""
        return {_GET_HOST: {"id": "00000000-0000-0000-0000-000000000000", "version": PLUGIN_VERSION}}

    def activity(self, folder: Path, instance: str) -> list[str]:
        """Running copies of the instance's apps. Raises SandboxError where it was never started."""
        from tenantry_vendor.sandbox.process import ProcessRecord

        self.settings(folder)
        files = sorted((folder.absolute() / "host" / "run").glob(f"{instance}.*.json"))
        records = {file.stem: ProcessRecord.read(file) for file in files}
        return [f"process {name}" for name, record in records.items() if record is not None and record.alive]

    def limited(self, folder: Path, name: str, permissions: Sequence[Permission]) -> Mapping[str, str]:
        """A token of its own for `name`, which lets in where controlling the host is among the permissions."""
        import secrets

        from tenantry_vendor.sandbox.files import private_folder, write_private

        self.settings(folder)
        host = folder.absolute() / "host"
        known, strange = private_folder(host / "tokens") / name, private_folder(host / "strange-tokens") / name
        allowed = any(permission.action == "control" for permission in permissions)
        (strange if allowed else known).unlink(missing_ok=True)
        file = known if allowed else strange
        write_private(file, secrets.token_urlsafe(32) + "\n")
        return {SANDBOX_TOKEN_FILE: str(file)}

    def resources(self, folder: Path, instance: str) -> list[str]:
        """What was put for the instance, and what its apps printed. Raises SandboxError where it was never started."""
        self.settings(folder)
        host = folder.absolute() / "host"
        kept = [*(host / "instances" / instance).glob("*/*.json"), *(host / "logs" / instance).glob("*.log")]
        return sorted(str(file.relative_to(host)) for file in kept)


def _daemons(folder: Path) -> DaemonFolder:
    from tenantry_vendor.sandbox.daemon import DaemonFolder

    return DaemonFolder(folder)


def _ports(folder: Path) -> PortBook:
    from tenantry_vendor.sandbox.ports import PortBook

    return PortBook(folder / "ports.json")


def _daemon(folder: Path, ports: PortBook) -> Daemon:
    from tenantry_vendor.sandbox.daemon import Daemon

    command = [sys.executable, "-m", "tenantry_host.daemon", "serve", "--folder", str(folder / "host")]
    command += ["--http", f"127.0.0.1:{ports['http']}", "--control", f"127.0.0.1:{ports['control']}"]
    command += ["--sandbox-https-port", str(ports["https"])]
    return Daemon(name=_NAME, command=tuple(command), ready=lambda: _missing(ports))


def _missing(ports: PortBook) -> str:
    """Why the daemon does not take orders; it does so last. Empty where it does."""
    try:
        socket.create_connection(("127.0.0.1", ports.get("control")), timeout=2).close()
    except OSError as error:
        return str(error)
    return ""
