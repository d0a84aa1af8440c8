"""Plugin processes: how they start, what they say, and that they end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

PROVIDER = """\
import sys
from pulumi.provider.experimental.provider import Provider
from tenantry.errors import IdentityError
from tenantry_vendor.plugin.serve import serve

class Sample(Provider):
    async def check(self, request):
        print("a library that prints")
        if request.name == "bug":
            raise KeyError("hunter2")
        raise IdentityError("not this one", hint="take another")

    async def diff(self, request):
        import time
        time.sleep(1000)

serve(Sample(), "1.2.3", sys.argv[1:])
"""

PARENT = """\
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
print(child.pid, child.stdout.readline().decode().strip(), flush=True)
time.sleep(1000)
"""


@pytest.fixture
def engine() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    (tmp_path / "provider.py").write_text(PROVIDER)
    return [sys.executable, str(tmp_path / "provider.py")]


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_life(command: list[str], engine: str) -> None:
    process = subprocess.Popen(
        [*command, "--logtostderr", engine], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        assert stub.GetPluginInfo(empty_pb2.Empty()).version == "1.2.3"
        with pytest.raises(grpc.RpcError, match="not this one\n  take another"):
            stub.Check(provider_pb2.CheckRequest(urn="urn:pulumi:s::p::t:m:T::n"))
        with pytest.raises(grpc.RpcError, match=r"KeyError at .*provider\.py:10") as caught:
            stub.Check(provider_pb2.CheckRequest(urn="urn:pulumi:s::p::t:m:T::bug"))
        assert "hunter2" not in str(caught.value)
        with pytest.raises(grpc.RpcError, match="create"):
            stub.Create(provider_pb2.CreateRequest(urn="urn:pulumi:s::p::t:m:T::n"))
    process.terminate()
    out, err = process.communicate(timeout=10)
    assert out == ""
    assert "a library that prints" in err
    assert "hunter2" not in err
    assert process.returncode == 0


def test_it_ends_with_its_engine(command: list[str], engine: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, *command, engine], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid, port = map(int, parent.stdout.readline().split())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        # Also while its event loop is stuck.
        stub.Diff.future(provider_pb2.DiffRequest(urn="urn:pulumi:s::p::t:m:T::n"))
        time.sleep(0.3)
        assert running(pid)
        os.kill(parent.pid, signal.SIGKILL)
        parent.communicate()
        deadline = time.monotonic() + 2
        while running(pid):
            assert time.monotonic() < deadline, "the plugin outlived its engine"
            time.sleep(0.01)


def test_an_engine_that_is_gone_already(command: list[str]) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    done = subprocess.run([*command, address], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"No engine answers at {address}" in done.stderr


def test_started_by_hand(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Pulumi plugin" in done.stderr
