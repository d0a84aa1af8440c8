"""The command line as a user types it, from the wheel, in a project of the operator's own."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import urllib.request
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Installed

pytestmark = pytest.mark.e2e

NEW = ("--template", "shop@stable", "--runtime", "kubernetes", "--plan", "free", "--param", "shop_name=Acme")


def get(url: str) -> tuple[int, bytes]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=20) as answer:
        return answer.status, answer.read()


def test_the_code_comes_from_the_wheel(installed: Installed, wheel: Path) -> None:
    program = "import tenantry, tenantry_ops, tenantry_kubernetes; print(tenantry.__file__, tenantry_ops.__file__)"
    places = installed.run(installed.bin / "python", "-c", program).stdout.split()
    assert all(str(installed.bin.parent) in place for place in places)
    assert wheel.name.startswith("tenantry-")


def test_the_wheel_carries_the_pinned_modules(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name: archive.read(name) for name in archive.namelist() if "/modules/" in name}
    folder = ROOT / "toolchain/tenantry_toolchain/modules"
    wanted = {
        f"tenantry_toolchain/modules/{path.relative_to(folder)}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert len(wanted) >= 15
    assert packed == wanted


def test_help_is_quick(installed: Installed) -> None:
    """CPU time, and the least of several: what else the machine does only ever adds to it."""

    def seconds() -> float:
        before = os.times()
        installed.tenantry("--help")
        after = os.times()
        return after.children_user - before.children_user + after.children_system - before.children_system

    assert min(seconds() for _ in range(10)) < 0.15


def test_a_reader_that_leaves_is_no_error(installed: Installed) -> None:
    done = installed.bash("set +o pipefail; tenantry --help | head -1; tenantry runtimes --json | head -c 1")
    assert done.stderr == ""
    assert done.stdout.startswith("Usage: tenantry")


def test_a_project_without_a_sandbox_says_what_to_do(installed: Installed, tmp_path: Path) -> None:
    installed.tenantry("init", "fresh", folder=tmp_path)
    root = tmp_path / "fresh"
    installed.tenantry("new", "tenant", "acme", *NEW, folder=root)
    assert oct((root / ".tenantry/secrets/acme.passphrase").stat().st_mode)[-3:] == "600"
    assert "encryptionsalt" in (root / "tenant_configs/Pulumi.acme.yaml").read_text()
    assert "tenantry sandbox up" in installed.tenantry("up", "acme", folder=root, expect=11).stderr
    installed.tenantry("validate", folder=root)


def test_validate_imports_no_engine(installed: Installed, project: Path) -> None:
    program = (
        "import sys; from tenantry_ops.cli.app import run; code = run(['validate', '--quiet']);"
        "print(code, sorted({m.split('.')[0] for m in sys.modules} & {'pulumi', 'pulumi_kubernetes', 'grpc'}))"
    )
    done = installed.run(installed.bin / "python", "-c", program, folder=project)
    assert done.stdout.split("\n")[-2] == "0 []"


class TestLife:
    """One instance from nothing to nothing; the tests build on each other."""

    url: str

    def test_new(self, installed: Installed, project: Path) -> None:
        done = installed.tenantry("new", "tenant", "acme", *NEW, folder=project)
        assert "tenantry up acme" in done.stdout
        again = installed.tenantry("new", "tenant", "acme", *NEW, folder=project, expect=5)
        assert "exists" in again.stderr

    def test_wrong_options_leave_nothing(self, installed: Installed, project: Path) -> None:
        before = sorted(project.glob("tenant_configs/*"))
        done = installed.tenantry("new", "tenant", "other", *NEW, "--param", "theme=pink", folder=project, expect=3)
        assert "theme" in done.stderr
        assert sorted(project.glob("tenant_configs/*")) == before

    def test_preview(self, installed: Installed, project: Path) -> None:
        document = json.loads(installed.tenantry("preview", "acme", "--json", folder=project).stdout)
        assert document["changes"]["create"] > 5
        assert document["operation"] == "preview"

    def test_up(self, installed: Installed, project: Path) -> None:
        done = installed.tenantry("up", "acme", folder=project)
        lines = done.stderr.splitlines()
        assert any("api" in line and "Deployment" in line and "created" in line for line in lines), done.stderr
        TestLife.url = done.stdout.split("\n")[1].strip()
        assert get(TestLife.url)[0] == 200
        about: dict[str, Any] = json.loads(get(f"{TestLife.url}/api/about")[1])
        assert about["instance"] == "acme"
        assert about["version"] == "1.1.0"

    def test_up_again_changes_nothing(self, installed: Installed, project: Path) -> None:
        document = json.loads(installed.tenantry("up", "acme", "--json", folder=project).stdout)
        assert set(document["changes"]) <= {"same", "read"}
        assert document["outputs"]["url"] == TestLife.url

    def test_quiet_prints_the_url_alone(self, installed: Installed, project: Path) -> None:
        done = installed.tenantry("up", "acme", "--quiet", folder=project)
        assert done.stdout == f"{TestLife.url}\n"
        assert done.stderr == ""

    def test_events(self, installed: Installed, project: Path, tmp_path: Path) -> None:
        file = tmp_path / "events.jsonl"
        installed.tenantry("refresh", "acme", "--quiet", "--json-events", str(file), folder=project)
        events = [json.loads(line) for line in file.read_text().splitlines()]
        assert {"resource"} <= {event["event"] for event in events}
        assert {"api", "web"} <= {event.get("component") for event in events}

    def test_look(self, installed: Installed, project: Path) -> None:
        outputs = json.loads(installed.tenantry("outputs", "acme", "--json", folder=project).stdout)
        assert outputs["url"] == TestLife.url
        assert TestLife.url in installed.tenantry("outputs", "acme", folder=project).stdout
        assert installed.tenantry("open", "acme", "--print", folder=project).stdout.strip() == TestLife.url
        assert installed.tenantry("logs", "acme", "--component", "api", folder=project).stdout.startswith("api | ")
        assert json.loads(installed.tenantry("permissions", "acme", "--json", folder=project).stdout)
        states = json.loads(installed.tenantry("sandbox", "status", "--json", folder=project).stdout)
        assert {state["state"] for state in states} == {"running"}

    def test_doctor(self, installed: Installed, project: Path) -> None:
        document = json.loads(installed.tenantry("doctor", "--json", folder=project).stdout)
        states = {check["name"]: check["state"] for check in document}
        assert states["project"] == states["catalogue"] == states["sandbox kubernetes"] == states["keys"] == "ok"

    def test_plain_pulumi(self, installed: Installed, project: Path) -> None:
        script = (
            'eval "$(tenantry env acme)"\n'
            "pulumi preview --stack acme --expect-no-changes --non-interactive\n"
            "pulumi up --stack acme --yes --skip-preview --non-interactive\n"
            "pulumi stack output url --stack acme"
        )
        done = installed.bash(script, folder=project)
        assert done.stdout.rstrip().endswith(TestLife.url)

    def test_demo_works_here_too(self, installed: Installed, project: Path) -> None:
        done = installed.tenantry("demo", folder=project)
        assert "tenantry sandbox down" in done.stdout
        (entry,) = json.loads((project / ".tenantry/demo.json").read_text())
        assert set(entry) == {"instance", "runtime", "template", "url", "status", "body_sha256", "answered_version"}
        assert (entry["instance"], entry["status"], entry["answered_version"]) == ("acme", 200, "1.1.0")

    @pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
    def test_being_asked_to_end(self, installed: Installed, project: Path, asked: signal.Signals) -> None:
        # Tests that run in a shell's background inherit an ignored SIGINT; a child starts with it only if we ignore it.
        inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
        running = subprocess.Popen(
            [str(installed.bin / "tenantry"), "logs", "acme", "--follow"],
            cwd=project,
            env=installed.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        signal.signal(signal.SIGINT, inherited)
        assert running.stdout is not None
        assert running.stdout.readline()
        os.kill(running.pid, asked)
        _, said = running.communicate(timeout=20)
        assert running.returncode == 130
        assert "Traceback" not in said

    def test_destroy_asks_for_the_name(self, installed: Installed, project: Path) -> None:
        ours, theirs = pty.openpty()
        running = subprocess.Popen(
            [str(installed.bin / "tenantry"), "destroy", "acme"],
            cwd=project,
            env=installed.environment,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.write(ours, b"another\n")
        _, said = running.communicate(timeout=60)
        os.close(ours)
        os.close(theirs)
        assert running.returncode == 2
        assert "nothing was changed" in said
        assert get(TestLife.url)[0] == 200

    def test_destroy(self, installed: Installed, project: Path) -> None:
        installed.tenantry("destroy", "acme", folder=project, expect=2)
        assert get(TestLife.url)[0] == 200
        done = installed.tenantry("destroy", "acme", "--yes", folder=project)
        assert "deleted" in done.stdout
        with pytest.raises(OSError, match=r"404|refused"):
            get(TestLife.url)

    def test_a_stopped_sandbox_is_named_at_once(self, installed: Installed, project: Path) -> None:
        installed.tenantry("sandbox", "down", folder=project)
        for command in (["up", "acme"], ["preview", "acme"], ["logs", "acme"], ["destroy", "acme", "--yes"]):
            done = installed.tenantry(*command, folder=project, expect=11)
            assert "tenantry sandbox up kubernetes" in done.stderr
