"""Processes as a sandbox starts, finds, adopts and stops them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from tenantry.errors import SandboxError
from tenantry_vendor.sandbox.daemon import Daemon, DaemonFolder
from tenantry_vendor.sandbox.launcher import process_identity
from tenantry_vendor.sandbox.process import ProcessRecord, launch_failure, launch_line, launch_options, stop_groups
from tenantry_vendor.sandbox.runner import LocalProcess, container_memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.integration

SLEEP = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
)
GRANDCHILD = """\
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
time.sleep(600)
"""
# Two levels below, the second in a session of its own.
PARENT = f"""\
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {GRANDCHILD!r}])
time.sleep(600)
"""
FAMILY = (sys.executable, "-c", PARENT)

STARTER = """\
import asyncio, os, sys
from pathlib import Path
from tenantry_vendor.sandbox.runner import LocalProcess

async def go():
    folder = Path(sys.argv[1])
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    record, log = folder / "process.json", folder / "log"
    LocalProcess.start(command, record=record, log=log, cwd=folder, environment={}, extra={"attempt": 4})
    while not record.exists():
        await asyncio.sleep(0.01)
    os.kill(os.getpid(), 9)

asyncio.run(go())
"""


def until(done: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def daemon(folder: DaemonFolder, command: tuple[str, ...] = SLEEP, **more: float) -> Daemon:
    log = folder.log_file("it")
    return Daemon(
        name="it",
        command=command,
        ready=lambda: "" if log.exists() and "up" in log.read_text() else "not up",
        start_seconds=more.get("start_seconds", 20),
        stop_seconds=more.get("stop_seconds", 5),
        environment={"GIVEN": "1"},
    )


def test_daemon_is_found_again_stopped_exactly_and_inherits_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPERATORS_SECRET", "hidden")
    folder = DaemonFolder(tmp_path)
    wanted = daemon(folder)
    record = folder.start(wanted)
    folder.wait(wanted, record)
    process = psutil.Process(record.pid)
    assert process.ppid() != os.getpid()
    assert os.getsid(record.pid) == record.pid
    assert set(process.environ()) == {"PATH", "HOME", "TMPDIR", "LANG", "GIVEN"}
    assert folder.find("it") == record
    assert folder.status("it", "here", wanted.ready).state == "running"
    assert folder.stop("it")
    assert not record.alive
    assert not folder.stop("it")
    assert folder.status("it", "here", wanted.ready).state == "stopped"


def test_stubborn_daemon_is_killed(tmp_path: Path) -> None:
    folder = DaemonFolder(tmp_path)
    wanted = daemon(folder, STUBBORN, stop_seconds=0.5)
    record = folder.start(wanted)
    folder.wait(wanted, record)
    folder.stop("it")
    assert not record.alive


def test_another_process_with_the_recorded_number_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(SLEEP, stdout=subprocess.DEVNULL)
    try:
        folder = DaemonFolder(tmp_path)
        (tmp_path / "run").mkdir()
        text = f'{{"pid": {stranger.pid}, "identity": "earlier", "started": "", "extra": {{}}}}'
        folder.record_file("it").write_text(text)
        assert folder.find("it") is None
        assert not folder.stop("it")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_daemon_that_ends_or_never_answers_says_its_last_words(tmp_path: Path) -> None:
    folder = DaemonFolder(tmp_path)
    ends = daemon(folder, (sys.executable, "-c", "print('my last words')"))
    with pytest.raises(SandboxError, match="my last words"):
        folder.wait(ends, folder.start(ends))
    assert folder.status("it", "", lambda: "").state == "failed"
    silent = daemon(folder, (sys.executable, "-c", "import time; time.sleep(600)"), start_seconds=0.3)
    record = folder.start(silent)
    with pytest.raises(SandboxError, match="does not answer"):
        folder.wait(silent, record)
    folder.stop("it")
    missing = daemon(folder, ("/no/such/program",))
    with pytest.raises(SandboxError, match="cannot run /no/such/program"):
        folder.start(missing)


def start(folder: Path, command: tuple[str, ...], **environment: str) -> LocalProcess:
    return LocalProcess.start(
        command,
        record=folder / "process.json",
        log=folder / "log",
        cwd=folder,
        environment={"PATH": os.defpath} | environment,
        extra={"attempt": 1},
    )


def run(folder: Path, code: str, **environment: str) -> tuple[int | None, str]:
    async def go() -> int | None:
        return await start(folder, (sys.executable, "-I", "-c", code), **environment).wait()

    return asyncio.run(go()), (folder / "log").read_text()


def test_container_process_has_exactly_its_environment_folder_and_input(tmp_path: Path) -> None:
    code = "import os, sys; print(sorted(os.environ.items()), os.getcwd(), sys.stdin.read()); sys.exit(7)"
    status, text = run(tmp_path, code, LC_ALL="C", A="é", LONG="x" * 100_000)
    assert status == 7
    expected = sorted({"PATH": os.defpath, "LC_ALL": "C", "LONG": "x" * 100_000, "A": "é"}.items())
    assert text.encode().decode("utf-8", "surrogateescape").startswith("[('A', '")
    assert str(expected[1:])[1:-1] in text
    assert str(tmp_path) in text


def test_exit_status_tells_the_signal_and_a_command_that_is_not_there(tmp_path: Path) -> None:
    assert run(tmp_path, "import os; os.kill(os.getpid(), 9)")[0] == 137

    async def go() -> int | None:
        return await start(tmp_path, ("no-such-program",)).wait()

    assert asyncio.run(go()) == 128
    assert "no-such-program" in launch_failure(tmp_path / "process.json")


def family(pid: int) -> list[tuple[int, str | None]]:
    members = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    return [(member, process_identity(member)) for member in members]


def alive(members: list[tuple[int, str | None]]) -> list[int]:
    return [pid for pid, identity in members if process_identity(pid) == identity]


def test_kill_takes_everything_that_the_process_started(tmp_path: Path) -> None:
    async def go() -> list[tuple[int, str | None]]:
        process = start(tmp_path, FAMILY)
        await asyncio.to_thread(until, lambda: len(family(process.record.pid)) == 3)
        members = family(process.record.pid)
        process.kill()
        assert await process.wait() == 137
        return members

    members = asyncio.run(go())
    assert len(members) == 3
    until(lambda: not alive(members))


def test_children_do_not_outlive_the_process_itself(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)"
    )
    status, text = run(tmp_path, code)
    assert status == 0
    until(lambda: process_identity(int(text)) is None)


def test_stop_asks_first_and_kills_after_its_time(tmp_path: Path) -> None:
    async def go(command: tuple[str, ...], folder: Path) -> tuple[int | None, float]:
        process = start(folder, command)
        await asyncio.to_thread(until, lambda: (folder / "log").exists() and "up" in (folder / "log").read_text())
        begin = time.monotonic()
        await process.stop(1)
        return await process.wait(), time.monotonic() - begin

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    status, took = asyncio.run(go(SLEEP, tmp_path / "a"))
    assert (status, took < 1) == (143, True)
    status, took = asyncio.run(go(STUBBORN, tmp_path / "b"))
    assert (status, took >= 1) == (137, True)


def test_a_later_runner_adopts_the_process_and_sees_its_end(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", STARTER, str(tmp_path)], check=False).returncode == -signal.SIGKILL
    record = ProcessRecord.read(tmp_path / "process.json")
    assert record is not None
    assert (record.alive, record.extra) == (True, {"attempt": 4})

    async def go(found: ProcessRecord) -> int | None:
        process = LocalProcess.adopt(found)
        assert process is not None
        asyncio.get_running_loop().call_later(0.2, process.kill)
        ended = await process.wait()
        assert LocalProcess.adopt(found) is None
        return ended

    assert asyncio.run(go(record)) is None
    assert not record.alive


def test_nothing_is_started_once_the_starter_has_ended(tmp_path: Path) -> None:
    options = launch_options(
        ["touch", str(tmp_path / "ran")],
        record=tmp_path / "process.json",
        log=tmp_path / "log",
        cwd=tmp_path,
        environment={"PATH": os.defpath},
        extra={},
        detach=False,
        umask=0o022,
    )
    # A shell between makes this process the grandparent.
    line = ["/bin/sh", "-c", '"$@"; exit $?', "sh", *launch_line()]
    done = subprocess.run(line, input=options, check=False)
    assert done.returncode == 128
    assert "its starter has ended" in launch_failure(tmp_path / "process.json")
    assert not (tmp_path / "ran").exists()


def test_groups_are_stopped_together_with_what_left_them(tmp_path: Path) -> None:
    async def go() -> tuple[ProcessRecord, list[tuple[int, str | None]]]:
        process = start(tmp_path, FAMILY)
        await asyncio.to_thread(until, lambda: len(family(process.record.pid)) == 3)
        members = family(process.record.pid)
        await asyncio.to_thread(stop_groups, [process.record], seconds=0.5)
        return process.record, members

    record, members = asyncio.run(go())
    assert not record.alive
    until(lambda: not alive(members))


def test_memory_counts_the_whole_session(tmp_path: Path) -> None:
    code = "x = bytearray(50_000_000); import time; time.sleep(600)"
    command = (
        sys.executable,
        "-c",
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])",
    )

    async def go() -> int:
        process = start(tmp_path, command)
        pid = process.record.pid
        await asyncio.to_thread(until, lambda: container_memory([pid])[pid] > 50_000_000)
        used = container_memory([pid])[pid]
        process.kill()
        await process.wait()
        return used

    assert 50_000_000 < asyncio.run(go()) < 200_000_000
