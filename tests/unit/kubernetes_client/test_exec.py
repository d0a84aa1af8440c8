"""Commands in containers: our client against the sandbox node's side of the protocol, without an API server between."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from aiohttp import web

from tenantry_kubernetes.client.errors import KubernetesError, UnreachableError
from tenantry_kubernetes.client.exec import run_in_pod
from tenantry_kubernetes.client.kubeconfig import Access
from tenantry_kubernetes.sandbox.node import exec_server
from tenantry_kubernetes.sandbox.node.probes import Target
from tenantry_vendor.sandbox.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry_kubernetes.sandbox.node.pod import PodWorker


@dataclass
class Pod:
    """A pod with one running container, `api`."""

    cwd: Path
    is_running: bool = True
    target: Target = field(init=False)

    def __post_init__(self) -> None:
        environment = {"PATH": os.defpath, "NAME": "value"}
        self.target = Target(ports={}, port_names={}, cwd=self.cwd, environment=environment)

    def find(self, container: str) -> Pod | None:
        return self if container == "api" else None


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


@pytest.fixture
def access(pod: Pod) -> Iterator[Access]:
    port, loop, ready = free_port(), asyncio.new_event_loop(), threading.Event()

    def find(namespace: str, name: str) -> PodWorker | None:
        return cast("PodWorker", pod) if (namespace, name) == ("a", "p") else None

    async def run(request: web.Request) -> web.StreamResponse:
        cast("dict[str, str]", request.match_info)["container"] = request.query["container"]
        return await exec_server.handle(request, find)

    async def serve() -> web.AppRunner:
        application = web.Application()
        application.router.add_get("/api/v1/namespaces/{namespace}/pods/{pod}/exec", run)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    def live() -> None:
        runner = loop.run_until_complete(serve())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=live)
    thread.start()
    assert ready.wait(10)
    yield Access(server=f"http://127.0.0.1:{port}")
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def run(access: Access, *command: str, **more: Any) -> tuple[int, str]:  # noqa: ANN401 - passed on
    done = run_in_pod(access, "a", more.pop("pod", "p"), more.pop("container", "api"), command, **more)
    return done.exit_code, done.stderr


def test_a_command_has_the_containers_environment_and_says_how_it_ended(access: Access, pod: Pod) -> None:
    assert run(access, "sh", "-c", 'echo "$NAME" >&2; pwd >&2') == (0, f"value\n{pod.cwd}\n")
    assert run(access, "sh", "-c", "exit 7") == (7, "")
    assert run(access, "sh", "-c", "kill -9 $$") == (137, "")
    assert run(access, "no-such-program")[0] == 127


def test_bytes_go_in_and_come_out_whole(access: Access, tmp_path: Path) -> None:
    given, taken = tmp_path / "given", tmp_path / "taken"
    given.write_bytes(os.urandom(2**20 + 3))
    size = str(given.stat().st_size)
    assert run(access, "head", "-c", size, stdin=given, stdout=taken) == (0, "")
    assert taken.read_bytes() == given.read_bytes()
    assert run(access, "true", stdin=given) == (0, ""), "a command need not read what it is given"


def test_what_does_not_run_is_said(access: Access, pod: Pod) -> None:
    for where in ({"pod": "other"}, {"container": "other"}):
        with pytest.raises(KubernetesError) as refused:
            run(access, "true", **where)
        assert refused.value.not_found
    pod.is_running = False
    with pytest.raises(KubernetesError, match="refused to run a command in a/p"):
        run(access, "true")
    with pytest.raises(UnreachableError):
        run(Access(server=f"http://127.0.0.1:{free_port()}"), "true")


def test_a_caller_that_goes_away_takes_its_command_along(access: Access, pod: Pod) -> None:
    def give_up() -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError):
        run(access, "sh", "-c", "echo $$ > pid; echo begun; exec sleep 60", progress=give_up)
    number = int((pod.cwd / "pid").read_text())
    deadline = time.monotonic() + 10
    while Path(f"/proc/{number}").exists():
        assert time.monotonic() < deadline, "the command outlived its caller"
        time.sleep(0.05)
