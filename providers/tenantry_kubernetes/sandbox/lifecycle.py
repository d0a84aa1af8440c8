"""Starting, stopping and looking at a Kubernetes sandbox."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from tenantry.errors import SandboxError
from tenantry_kubernetes.sandbox import servers
from tenantry_kubernetes.sandbox.control_plane import ControlPlane
from tenantry_kubernetes.sandbox.health import Health, address
from tenantry_kubernetes.sandbox.layout import DAEMONS, PORTS
from tenantry_kubernetes.sandbox.node.scratch import remove_scratch
from tenantry_vendor.sandbox.daemon import DaemonFolder
from tenantry_vendor.sandbox.files import private_folder, write_private
from tenantry_vendor.sandbox.ports import PortBook
from tenantry_vendor.sandbox.process import ProcessRecord, stop_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenantry.contract.sandbox import ServiceStatus
    from tenantry_kubernetes.client.sync import Kubernetes
    from tenantry_kubernetes.sandbox.layout import Layout
    from tenantry_vendor.sandbox.daemon import Daemon

_LOCK_SECONDS = 600
_POD_STOP_SECONDS = 5.0
_FIRST = ("etcd", "kube-apiserver")
_CLIENTS = ("kube-controller-manager", "kube-scheduler", "node")


def up(layout: Layout, progress: Callable[[str], None]) -> None:
    """Starts what is not running and returns when it answers."""
    from tenantry_toolchain import controlplane, gatewayapi, objectstore

    binaries = controlplane.ensure(progress)
    store = objectstore.ensure(progress)
    definitions = gatewayapi.crds(progress)
    private_folder(layout.folder)
    servers.record(layout.servers)
    # The node has an environment of its own, and so no way to find the cache.
    write_private(layout.object_store, str(store.versitygw))
    with _locked(layout, progress):
        from tenantry_kubernetes.sandbox.bootstrap import bootstrap, wait_for_node
        from tenantry_kubernetes.sandbox.credentials import ensure_credentials, write_kubeconfigs

        daemons = DaemonFolder(layout.folder)
        ports = _settle_ports(layout, daemons, progress)
        ensure_credentials(layout)
        health = Health(layout, ports)
        plane = ControlPlane(layout, ports, health, binaries)
        write_kubeconfigs(layout, plane.server)
        wanted = plane.daemons()
        begin = time.monotonic()

        def start(name: str) -> bool:
            return _ensure(daemons, wanted[name], progress)

        def start_gateway(client: Kubernetes) -> bool:
            bootstrap(client, layout, ports, definitions, progress)
            # It reads the kinds that were just installed.
            return start("gateway")

        try:
            started = sum(start(name) for name in _FIRST)
            with _client(layout) as client, ThreadPoolExecutor(len(_CLIENTS) + 1) as pool:
                waiting = [pool.submit(start_gateway, client), *(pool.submit(start, name) for name in _CLIENTS)]
                started += sum(future.result() for future in waiting)
                wait_for_node(client)
        finally:
            health.close()
        if started:
            progress(f"The Kubernetes sandbox answers ({time.monotonic() - begin:.1f} s)")


def down(layout: Layout, progress: Callable[[str], None]) -> None:
    """Stops every process of the sandbox, those of pods too."""
    if not layout.folder.exists():
        return
    with _locked(layout, progress):
        daemons = DaemonFolder(layout.folder)
        for name in reversed(DAEMONS):
            if daemons.find(name) is not None:
                progress(f"Stopping {name}")
            daemons.stop(name)
            if name == "node":
                _stop_left_processes(layout)


def status(layout: Layout) -> list[ServiceStatus]:
    """Every process of the sandbox, running or not."""
    ports = PortBook(layout.ports)
    health = Health(layout, ports)
    daemons = DaemonFolder(layout.folder)

    def look(name: str) -> ServiceStatus:
        found = daemons.status(name, address(name, ports), lambda: health.check(name))
        return replace(found, detail=found.detail or servers.describe(layout.servers)) if name == "node" else found

    try:
        return [look(name) for name in DAEMONS]
    finally:
        health.close()


@contextmanager
def _locked(layout: Layout, progress: Callable[[str], None]) -> Iterator[None]:
    lock = FileLock(layout.lock, mode=0o600)
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress("Waiting for another command that starts or stops the sandbox")
            lock.acquire(timeout=_LOCK_SECONDS)
    except Timeout as error:
        raise SandboxError(
            f"Another command has been starting or stopping the sandbox for {_LOCK_SECONDS // 60} minutes.",
            hint="End that command, then try again.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _settle_ports(layout: Layout, daemons: DaemonFolder, progress: Callable[[str], None]) -> PortBook:
    def tell(name: str, old: int, new: int) -> None:
        progress(f"Port {old} ({name}) is taken by another program; using {new}")
        if name in PORTS["gateway"]:
            progress("The URLs of sandbox instances change with it: run `tenantry up` for each instance")

    ports = PortBook(layout.ports)
    stopped = [name for name in DAEMONS if daemons.find(name) is None]
    ports.settle([port for name in stopped for port in PORTS[name]], tell)
    return ports


def _ensure(daemons: DaemonFolder, daemon: Daemon, progress: Callable[[str], None]) -> bool:
    """Starts a process that does not run as wanted and waits until it answers; returns whether it was started."""
    record = daemons.find(daemon.name)
    if record is not None and record.extra.get("digest") == daemon.digest:
        try:
            daemons.wait(daemon, record)
        except SandboxError as error:
            progress(f"Starting {daemon.name} again: {error.message.splitlines()[0]}")
        else:
            return False
    else:
        progress(f"Starting {daemon.name}")
    daemons.stop(daemon.name)
    daemons.wait(daemon, daemons.start(daemon))
    return True


def _client(layout: Layout) -> Kubernetes:
    from tenantry_kubernetes.client.kubeconfig import load_files
    from tenantry_kubernetes.client.sync import Kubernetes

    return Kubernetes(load_files([layout.kubeconfig]))


def _stop_left_processes(layout: Layout) -> None:
    """Ends the processes of pods: the node leaves them running when it stops, so that it can be started anew."""
    recorded = (ProcessRecord.read(path) for path in layout.pods.glob("*/containers/*/process.json"))
    stop_groups([record for record in recorded if record is not None], seconds=_POD_STOP_SECONDS)
    for pod in layout.pods.glob("*"):
        remove_scratch(pod.name)
    shutil.rmtree(layout.folder / "tmp", ignore_errors=True)
