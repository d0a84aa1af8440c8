"""The runner and the real engine, on the cloud of files."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tenantry.errors import EngineError, PreflightError
from tenantry_ops.engine import Diagnostic, InterruptedRunError, Note, ResourceEvent, read_outputs
from tenantry_ops.engine.process import RUN
from tenantry_ops.environment import environment

if TYPE_CHECKING:
    from tests.integration.conftest import Cloud

pytestmark = pytest.mark.integration

MADE_SECRET = "made-by-the-cloud"


def processes_of(root: Path) -> list[int]:
    """Every process that works for the project, whoever started it."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("TENANTRY_ROOT") == str(root) and process.pid != os.getpid():
                found.append(process.pid)
    return found


def no_process_left(root: Path, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while processes_of(root):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def kill_all(root: Path, leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(leader, signal.SIGKILL)
    for pid in processes_of(root):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_a_life(cloud: Cloud) -> None:
    cloud.declare("acme", api={"greeting": "hello"}, web={})
    first = cloud.run("acme")
    assert first.changes == {"create": 6}
    assert first.outputs == {"url": "http://probe.example", "databases": "[secret]"}
    assert cloud.things("acme") == {"api", "web"}
    done = [event.name for event in cloud.events if isinstance(event, ResourceEvent) and event.state == "done"]
    assert {"api", "web"} <= set(done)

    assert cloud.run("acme").changes == {"same": 6}
    assert cloud.run("acme", "preview").changes == {"same": 6}
    assert cloud.run("acme", "refresh").changes == {"same": 6}

    cloud.declare("acme", api={"greeting": "good day"}, web={})
    preview = cloud.run("acme", "preview")
    assert preview.changes == {"same": 5, "update": 1}
    assert preview.outputs["url"] == "http://probe.example"
    assert cloud.run("acme").changes == {"same": 5, "update": 1}

    assert cloud.run("acme", "destroy").changes == {"delete": 6}
    assert cloud.things("acme") == set()
    assert no_process_left(cloud.root)


def test_secrets_stay_in_the_state_and_are_shown_only_when_asked_for(cloud: Cloud) -> None:
    cloud.declare("acme", api={})
    result = cloud.run("acme")
    assert MADE_SECRET not in str(result)
    assert MADE_SECRET not in str(cloud.events)
    plain = [file for file in cloud.root.rglob("*") if file.is_file() and MADE_SECRET.encode() in file.read_bytes()]
    assert plain == []
    assert read_outputs(cloud.project, "acme")["databases"] == "[secret]"
    assert read_outputs(cloud.project, "acme", show_secrets=True)["databases"]["main"]["PASSWORD"] == MADE_SECRET


def test_the_engine_is_started_once(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.declare("acme", api={})
    real = cloud.plain_command("acme")[0]
    folder, count = tmp_path / "counting", tmp_path / "count"
    folder.mkdir()
    for name in ("pulumi-language-python", "pulumi-language-python-exec"):
        (folder / name).symlink_to(Path(real).with_name(name))
    wrapper = folder / "pulumi"
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> {count}\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("TENANTRY_ENGINE", "path")
    monkeypatch.setenv("TENANTRY_CACHE", str(tmp_path / "cache"))
    cloud.run("acme")
    for operation in ("up", "preview", "refresh"):
        count.unlink()
        cloud.run("acme", operation)
        assert len(count.read_text().splitlines()) == 1


def test_a_refused_resource_is_named(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.declare("acme", api={}, web={})
    monkeypatch.setenv("TESTCLOUD_FAIL", "web")
    with pytest.raises(EngineError) as failed:
        cloud.run("acme")
    assert "testcloud:index:Thing web" in failed.value.message
    assert "the cloud refuses web" in failed.value.message
    assert any(isinstance(event, Diagnostic) and event.severity == "error" for event in cloud.events)
    monkeypatch.delenv("TESTCLOUD_FAIL")
    assert cloud.run("acme").changes["create"] >= 1
    assert sorted(cloud.bought()) == ["acme/api", "acme/web"]


def test_a_secret_in_a_vendors_message_is_not_shown(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_KEY", "sk-very-secret")
    cloud.tenant("acme", "parameters: {key: {ref: {env: PROBE_KEY}}}\n")
    cloud.declare("acme", api={})
    monkeypatch.setenv("TESTCLOUD_FAIL", "api")
    monkeypatch.setenv("TESTCLOUD_SAYS", "bad key sk-very-secret")
    with pytest.raises(EngineError) as failed:
        cloud.run("acme")
    assert "bad key [secret]" in failed.value.message
    assert "sk-very-secret" not in str(failed.value) + str(cloud.events)


@pytest.mark.parametrize("moment", [0.3, 1.0, 1.6, 2.2, 2.8, 3.6])
def test_everything_killed_at_a_moment(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, moment: float) -> None:
    cloud.declare("acme", **{f"thing-{number}": {} for number in range(12)})
    runner = cloud.spawn("acme", TESTCLOUD_DELAY="0.4")
    time.sleep(moment)
    kill_all(cloud.root, runner.pid)
    runner.communicate()
    began = time.monotonic()
    cloud.run("acme")
    assert time.monotonic() - began < 60
    assert len(cloud.things("acme")) == 12
    assert len(cloud.bought()) == 12
    assert "pending_operations" not in cloud.state("acme")
    assert cloud.run("acme").changes == {"same": 16}


def test_everything_killed_while_things_are_made(cloud: Cloud) -> None:
    cloud.declare("acme", api={}, web={})
    runner = cloud.spawn("acme", TESTCLOUD_DELAY="30")
    cloud.wait_for_thing("acme", "api")
    kill_all(cloud.root, runner.pid)
    runner.communicate()
    assert "pending_operations" in cloud.state("acme")
    began = time.monotonic()
    result = cloud.run("acme")
    assert time.monotonic() - began < 60
    assert result.repaired
    assert sum(isinstance(event, Note) for event in cloud.events) >= 2
    assert sorted(cloud.bought()) == ["acme/api", "acme/web"]
    assert "pending_operations" not in cloud.state("acme")


def test_only_the_runner_killed_leaves_an_engine_that_is_waited_for(cloud: Cloud) -> None:
    cloud.declare("acme", api={})
    runner = cloud.spawn("acme", TESTCLOUD_DELAY="4")
    cloud.wait_for_thing("acme", "api")
    runner.kill()
    runner.communicate()
    assert processes_of(cloud.root)
    result = cloud.run("acme")
    assert result.repaired
    assert result.changes == {"same": 5}
    assert no_process_left(cloud.root)


def test_only_the_engine_killed(cloud: Cloud) -> None:
    cloud.declare("acme", api={})
    runner = cloud.spawn("acme", TESTCLOUD_DELAY="30")
    cloud.wait_for_thing("acme", "api")
    engines = [pid for pid in processes_of(cloud.root) if psutil.Process(pid).name() == "pulumi"]
    for pid in engines:
        os.kill(pid, signal.SIGKILL)
    said, _ = runner.communicate(timeout=30)
    assert "was killed by signal 9" in said
    assert "tenantry up acme" in said
    assert no_process_left(cloud.root)
    assert cloud.run("acme").repaired
    assert cloud.bought() == ["acme/api"]


def test_a_killed_plain_up_is_repaired(cloud: Cloud) -> None:
    cloud.declare("acme", api={})
    cloud.run("acme")
    cloud.declare("acme", api={}, web={})
    variables = os.environ | environment(cloud.project, "acme") | {"TESTCLOUD_DELAY": "30"}
    command = cloud.plain_command("acme", "up", "--yes", "--skip-preview")
    plain = subprocess.Popen(command, cwd=cloud.root, env=variables, stdout=subprocess.DEVNULL)
    cloud.wait_for_thing("acme", "web")
    with pytest.raises(EngineError, match=rf"locked by another engine.*\(pid {plain.pid}\)"):
        cloud.run("acme")
    plain.kill()
    plain.wait()
    result = cloud.run("acme")
    assert result.repaired
    assert cloud.bought() == ["acme/api", "acme/web"]
    assert no_process_left(cloud.root)


def test_two_runners_do_not_meet(cloud: Cloud) -> None:
    cloud.declare("acme", api={})
    runner = cloud.spawn("acme", TESTCLOUD_DELAY="6")
    cloud.wait_for_thing("acme", "api")
    with pytest.raises(EngineError, match=rf"pid {runner.pid}, `up` since .* is working on acme"):
        cloud.run("acme")
    runner.communicate(timeout=60)
    assert runner.returncode == 0
    assert cloud.run("acme").changes == {"same": 5}


def test_interrupted_once_it_ends_in_order(cloud: Cloud) -> None:
    cloud.declare("acme", api={}, web={})
    runner = cloud.spawn("acme", TESTCLOUD_DELAY="2")
    cloud.wait_for_thing("acme", "api")
    os.kill(runner.pid, signal.SIGINT)
    said, _ = runner.communicate(timeout=60)
    assert InterruptedRunError.__name__ in said
    assert "was interrupted; what it had finished is recorded" in said
    assert no_process_left(cloud.root)
    cloud.run("acme")
    assert sorted(cloud.bought()) == ["acme/api", "acme/web"]


def test_interrupted_twice_it_ends_at_once(cloud: Cloud) -> None:
    cloud.declare("acme", api={})
    runner = cloud.spawn("acme", TESTCLOUD_DELAY="60")
    cloud.wait_for_thing("acme", "api")
    os.kill(runner.pid, signal.SIGTERM)
    time.sleep(0.5)
    os.kill(runner.pid, signal.SIGTERM)
    runner.communicate(timeout=10)
    assert no_process_left(cloud.root)
    assert cloud.run("acme").repaired
    assert cloud.bought() == ["acme/api"]


def test_every_process_of_a_run_carries_its_mark(cloud: Cloud) -> None:
    cloud.declare("acme", api={})
    runner = cloud.spawn("acme", TESTCLOUD_DELAY="3")
    cloud.wait_for_thing("acme", "api")
    marks = {psutil.Process(pid).environ().get(RUN) for pid in processes_of(cloud.root)}
    assert len(marks) == 1
    assert None not in marks
    runner.communicate(timeout=60)
    assert runner.returncode == 0


def test_a_key_that_does_not_fit(cloud: Cloud) -> None:
    cloud.declare("acme", api={})
    cloud.run("acme")
    key = cloud.root / ".tenantry/secrets/acme.passphrase"
    right = key.read_text()
    key.write_text("wrong")
    with pytest.raises(PreflightError, match=r"\.tenantry/secrets/acme\.passphrase does not open the state of acme"):
        cloud.run("acme")
    key.unlink()
    with pytest.raises(PreflightError, match=r"key file .*acme\.passphrase of acme cannot be read"):
        cloud.run("acme")
    key.write_text(right)
    assert cloud.run("acme").changes == {"same": 5}


def test_a_missing_plugin(cloud: Cloud) -> None:
    cloud.declare("acme", api={})
    cloud.run("acme")
    text = (cloud.root / "Pulumi.yaml").read_text()
    (cloud.root / "Pulumi.yaml").write_text(text.replace("    - {name: testcloud, path: plugins}\n", ""))
    with pytest.raises(PreflightError, match=r"plugin is missing.*testcloud"):
        cloud.run("acme")


def test_nothing_to_destroy(cloud: Cloud) -> None:
    cloud.declare("acme", api={})
    with pytest.raises(EngineError, match="acme was never deployed"):
        cloud.run("acme", "destroy")
    with pytest.raises(EngineError, match="acme was never deployed"):
        read_outputs(cloud.project, "acme")


def test_a_state_folder_that_cannot_be_used(cloud: Cloud) -> None:
    settings = cloud.root / "tenantry.yaml"
    settings.write_text(settings.read_text() + "backends: {default: {url: 'postgres://127.0.0.1:1/none'}}\n")
    cloud.declare("acme", api={})
    with pytest.raises(PreflightError, match="The state of acme cannot be reached"):
        cloud.run("acme")
