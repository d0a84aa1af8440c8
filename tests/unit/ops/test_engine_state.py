"""Locks, checkpoints and leases, without an engine."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.errors import EngineError
from tenantry_ops.engine.lease import lease
from tenantry_ops.engine.process import Command, call, kill_run
from tenantry_ops.engine.scratch import Scratch
from tenantry_ops.engine.statefile import Lock, StateFile, named_locks

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry_ops.project import Project

NOW = time.time()


def stamp(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.123456789Z")


@pytest.fixture
def state(tmp_path: Path) -> StateFile:
    found = StateFile.of(f"file://{tmp_path}", "probe", "acme")
    assert found is not None
    found.locks_folder.mkdir(parents=True)
    found.checkpoint.parent.mkdir(parents=True)
    return found


def write_lock(state: StateFile, name: str, pid: int, since: float, host: str = "") -> None:
    content = {"pid": pid, "username": "op", "hostname": host or socket.gethostname(), "timestamp": stamp(since)}
    (state.locks_folder / f"{name}.json").write_text(json.dumps(content))


def test_other_backends_have_no_files() -> None:
    assert StateFile.of("s3://bucket", "probe", "acme") is None
    assert StateFile.of("https://api.example", "probe", "acme") is None


def test_a_lock_of_a_live_process(state: StateFile) -> None:
    write_lock(state, "a", os.getpid(), time.time())
    (lock,) = state.locks()
    assert lock.is_ours
    assert lock.is_alive()
    assert f"(pid {os.getpid()})" in str(lock)


def test_a_lock_of_a_dead_process(state: StateFile) -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    write_lock(state, "a", done.pid, time.time())
    assert not state.locks()[0].is_alive()


def test_a_younger_process_with_the_same_number_is_another_one(state: StateFile) -> None:
    write_lock(state, "a", os.getpid(), NOW - 10 * 24 * 3600)
    assert not state.locks()[0].is_alive()


def test_a_lock_of_another_machine_is_taken_to_be_alive(state: StateFile) -> None:
    write_lock(state, "a", 1, NOW, host="elsewhere")
    (lock,) = state.locks()
    assert not lock.is_ours
    assert lock.is_alive()


def test_a_lock_that_was_not_finished(state: StateFile) -> None:
    write_lock(state, "a", os.getpid(), NOW)
    (state.locks_folder / "b.json").write_text('{"pid": 1, "userna')
    (state.locks_folder / "c.json").write_text("")
    assert len(state.locks()) == 1
    assert [file.name for file in state.unreadable_locks()] == ["b.json", "c.json"]


def test_locks_that_the_engine_names() -> None:
    said = (
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the "
        "lock file with `pulumi cancel`.\n"
        "  s3://x/.pulumi/locks/a.json: created by op@box-1 (pid 4711) at 2026-11-23T14:33:17Z"
    )
    (lock,) = named_locks(said)
    assert (lock.user, lock.host, lock.pid, lock.path) == ("op", "box-1", 4711, None)
    assert named_locks("nothing of the kind") == []


def checkpoint(latest: Any) -> bytes:  # noqa: ANN401 - JSON
    return json.dumps({"version": 3, "checkpoint": {"stack": "x", "latest": latest}}).encode()


PENDING = {"pending_operations": [{"resource": {"urn": "urn:x"}, "type": "creating"}]}


@pytest.mark.parametrize(
    ("latest", "found"),
    [(PENDING, [("urn:x", "creating")]), ({"pending_operations": []}, []), ({"resources": []}, []), (None, [])],
)
def test_pending_operations(state: StateFile, latest: Any, found: list[tuple[str, str]]) -> None:  # noqa: ANN401 - JSON
    assert not state.exists()
    assert state.pending_operations() == []
    state.checkpoint.write_bytes(checkpoint(latest))
    assert state.exists()
    assert state.pending_operations() == found
    state.checkpoint.unlink()
    state.checkpoint.with_name("acme.json.gz").write_bytes(gzip.compress(checkpoint(latest)))
    assert state.exists()
    assert state.pending_operations() == found


def test_the_lease_is_one_runners(project: Project) -> None:
    with lease(project, "acme", "up") as held:
        assert held.before is None
        held.engine_started(4711)
        with (
            pytest.raises(EngineError, match=rf"pid {os.getpid()}, `up` since .* working on acme"),
            lease(project, "acme", "destroy"),
        ):
            pass
        with lease(project, "globex", "up") as other:
            assert other.record.run != held.record.run
    with lease(project, "acme", "refresh") as later:
        assert later.before is not None
        assert (later.before.engine, later.before.operation, later.before.finished) == (4711, "up", False)
        later.finish()
    with lease(project, "acme", "up") as last:
        assert last.before is not None
        assert last.before.finished


def test_a_broken_record_is_no_record(project: Project) -> None:
    with lease(project, "acme", "up"):
        pass
    (project.folder / "runs/acme/lease.json").write_text('{"run": ')
    with lease(project, "acme", "up") as held:
        assert held.before is None


def test_scratch_is_read_line_by_line(tmp_path: Path) -> None:
    scratch = Scratch()
    code = "import sys; f = open(sys.argv[1], 'ab'); f.write(b'one\\ntw'); f.flush(); f.write(b'o\\nthree')"
    subprocess.run([sys.executable, "-c", code, scratch.path], pass_fds=[scratch.descriptor], check=True)
    assert scratch.lines() == ["one", "two"]
    assert scratch.lines() == []
    assert scratch.text() == "one\ntwo\nthree"
    assert scratch.text(3) == "ree"
    scratch.close()
    assert list(tmp_path.iterdir()) == []


def test_a_short_command_that_hangs_is_killed_with_all_it_started(tmp_path: Path) -> None:
    script = tmp_path / "hang"
    script.write_text("#!/bin/sh\nsetsid sleep 600 &\necho started\nsleep 600\n")
    script.chmod(0o755)
    environment = os.environ | {"TENANTRY_RUN": f"probe-{os.getpid()}"}
    done = call(Command(executable=script, arguments=[], folder=tmp_path, environment=environment), timeout=1)
    assert done.status < 0
    assert done.stdout == "started\n"
    assert kill_run(environment["TENANTRY_RUN"]) == []


def test_no_mark_kills_nobody() -> None:
    assert kill_run("") == []


def test_the_lock_prints_who_and_when() -> None:
    lock = Lock(user="op", host="box", pid=7, since=0)
    assert str(lock).startswith("op@box (pid 7) since 19")
