"""Rules R10 to R19 and R25: the life of one instance in order, per runtime and account variant."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tenantry import registry
from tenantry.testing import record
from tenantry.testing.conformance.conftest import PROBE_TOKEN
from tenantry.testing.operator import Answer, Operator, asking, eventually, get, unchanged
from tenantry.testing.processes import descendants

if TYPE_CHECKING:
    from collections.abc import Iterator


KILLS = 3
"""Moments at which an `up` is killed, per runtime."""


class Life:
    """The instance whose life the tests of this module follow."""

    def __init__(self, operator: Operator, variant: str) -> None:
        self.operator = operator
        self.instance = record.instance_of(variant)
        self.variant = variant
        self.url = ""
        self.broken = ""

    def ask_for(self, greeting: str, version: str) -> None:
        """Writes both into the tenant file."""
        self.operator.edit(self.instance, lambda tenant: tenant["parameters"].update(greeting=greeting))
        self.operator.edit(self.instance, lambda tenant: tenant.update(template=f"probe@{version}"))

    def moments(self) -> list[int]:
        """The moments of a kill, of the runtime's `KILLS`, that are this variant's."""
        variants = list(registry.sandbox(self.operator.runtime).accounts())
        place = variants.index(self.variant)
        return [each for each in range(KILLS) if each % len(variants) == place] or [place % KILLS]

    def about(self) -> dict[str, Any]:
        """What the application says of itself."""
        answer: dict[str, Any] = eventually(f"{self.url}/api/about", lambda found: found.status == 200).json
        return answer


@pytest.fixture(scope="module")
def life(variant: tuple[str, str], operators: dict[str, Operator]) -> Life:
    runtime, name = variant
    return Life(operators[runtime], name)


@pytest.fixture(autouse=True)
def in_order(request: pytest.FixtureRequest, life: Life) -> Iterator[None]:
    """Fails a step at once where an earlier one failed: its result would say nothing."""
    if life.broken:
        pytest.fail(f"the earlier step {life.broken} failed", pytrace=False)
    failed_before = request.session.testsfailed
    yield
    if request.session.testsfailed > failed_before:
        life.broken = request.node.name


def test_r10_up_makes_an_instance_that_answers_through_its_url(life: Life) -> None:
    accounts = registry.sandbox(life.operator.runtime).accounts()
    life.operator.new(life.instance, "probe@1.0.0", accounts[life.variant])
    result = life.operator.up(life.instance)
    assert result["changes"].get("create", 0) > 0
    life.url = result["outputs"]["url"]
    about = life.about()
    assert about["version"] == "1.0.0"
    assert about["instance"] == life.instance
    assert about["template"] == "probe@1.0.0"
    assert about["url"] == life.url
    assert about["token_sha256"] == hashlib.sha256(PROBE_TOKEN.encode()).hexdigest()
    page = get(f"{life.url}/")
    assert page.status == 200
    assert b"probe 1.0.0" in page.body


def test_r10_routes_match_whole_segments_and_keep_the_path(life: Life) -> None:
    assert get(f"{life.url}/api/nothing").json["path"] == "/api/nothing"
    assert get(f"{life.url}/apix").status == 404
    assert b"path" not in get(f"{life.url}/apix").body


def test_r10_the_environment_is_what_the_plan_says(life: Life) -> None:
    names = set(get(f"{life.url}/api/environment").json)
    assert {"PORT", "GREETING", "TOKEN", "TENANTRY_INSTANCE", "TENANTRY_TEMPLATE", "TENANTRY_URL"} <= names
    assert not {name for name in names if name.startswith(("PULUMI_", "TENANTRY_SANDBOX_"))}
    assert "PROBE_TOKEN" not in names


def test_r11_a_second_up_changes_nothing(life: Life) -> None:
    result = life.operator.up(life.instance)
    assert unchanged(result), result["changes"]


def test_r11_preview_and_refresh_find_nothing(life: Life) -> None:
    preview = life.operator.tenantry("preview", life.instance, "--json").json
    assert unchanged(preview), preview["changes"]
    refreshed = life.operator.tenantry("refresh", life.instance, "--json").json
    assert unchanged(refreshed), refreshed["changes"]


def test_r12_a_parameter_change_gives_a_new_answer(life: Life) -> None:
    life.operator.edit(life.instance, lambda tenant: tenant["parameters"].update(greeting="guten Tag"))
    preview = life.operator.tenantry("preview", life.instance, "--json").json
    assert preview["changes"].get("update", 0) > 0
    assert not preview["changes"].keys() & {"replace", "delete"}, preview["changes"]
    life.operator.up(life.instance)
    assert _about_with(life, "greeting", "guten Tag")["version"] == "1.0.0"


def test_r12_a_changed_secret_reaches_the_application(life: Life) -> None:
    changed = {"PROBE_TOKEN": PROBE_TOKEN + "-rotated"}
    life.operator.tenantry("up", life.instance, "--json", variables=changed)
    wanted = hashlib.sha256(changed["PROBE_TOKEN"].encode()).hexdigest()
    _about_with(life, "token_sha256", wanted)


def test_r13_upgrade(life: Life) -> None:
    life.operator.edit(life.instance, lambda tenant: tenant.update(template="probe@1.1.0"))
    result = life.operator.up(life.instance)
    assert result["outputs"]["url"] == life.url
    about = _about_with(life, "version", "1.1.0")
    assert about["greeting"] == "guten Tag"
    assert about["token_sha256"] == hashlib.sha256(PROBE_TOKEN.encode()).hexdigest()
    eventually(f"{life.url}/", lambda answer: b"probe 1.1.0" in answer.body)


def test_r14_rollback(life: Life) -> None:
    life.operator.edit(life.instance, lambda tenant: tenant.update(template="probe@1.0.0"))
    life.operator.up(life.instance)
    _about_with(life, "version", "1.0.0")
    eventually(f"{life.url}/", lambda answer: b"probe 1.0.0" in answer.body)


def test_r15_a_crashed_service_comes_back(life: Life) -> None:
    assert get(f"{life.url}/api/crash").status in {0, 202, 502, 503}
    _about_with(life, "version", "1.0.0")


def test_r16_a_killed_up_is_repaired(life: Life) -> None:
    """SIGKILL to everything that `up` started, at moments drawn by a fixed seed; the next `up` works within 60 s.

    The account variants of a runtime share the moments.
    """
    for moment in life.moments():
        greeting = f"after kill {moment}"
        version = "1.1.0" if moment % 2 == 0 else "1.0.0"
        life.ask_for(greeting, version)
        running = life.operator.spawn("up", life.instance)
        time.sleep(1.5 + moment * 1.7 + random.Random(moment).random())  # noqa: S311 - a moment, no secret
        started = descendants(running.pid)
        os.killpg(running.pid, signal.SIGKILL)
        for process in started:
            process.kill()
        running.wait()
        began = time.monotonic()
        life.operator.up(life.instance)
        assert time.monotonic() - began < 60
        about = _about_with(life, "greeting", greeting)
        assert about["version"] == version
        assert not life.operator.state(life.instance)["deployment"].get("pending_operations")


def test_r16_only_the_engine_killed_leaves_no_process_behind(life: Life) -> None:
    life.operator.edit(life.instance, lambda tenant: tenant["parameters"].update(greeting="engine gone"))
    running = life.operator.spawn("up", life.instance)
    engine, others = _engine_of(running.pid)
    engine.kill()
    running.wait(timeout=60)
    deadline = time.monotonic() + 10
    while any(process.is_alive() for process in others):
        assert time.monotonic() < deadline, "a provider or a language host outlived its engine"
        time.sleep(0.2)
    life.operator.up(life.instance)
    _about_with(life, "greeting", "engine gone")


def test_r17_nothing_secret_in_state_log_or_event(life: Life) -> None:
    needle = PROBE_TOKEN.encode()
    life.operator.tenantry("outputs", life.instance)
    life.operator.tenantry("preview", life.instance)
    assert len(life.operator.said) > 10, "everything that any command has printed so far"
    assert [said for said in life.operator.said if PROBE_TOKEN in said] == []
    folders = [life.operator.root / ".tenantry" / name for name in ("state", "logs", "cache")]
    folders += [life.operator.root / "tenant_configs"]
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert files
    assert [str(file) for file in files if needle in file.read_bytes()] == []


def test_r18_plain_pulumi_up_does_the_same(life: Life) -> None:
    """Plain Pulumi, given the environment of `tenantry env`, finds nothing to do, and does what was changed."""
    life.operator.pulumi(life.instance, "preview", "--expect-no-changes", "--non-interactive")
    life.ask_for("hello", "1.0.0")
    life.operator.pulumi(life.instance, "up", "--yes", "--skip-preview", "--non-interactive")
    assert _about_with(life, "greeting", "hello")["version"] == "1.0.0"
    result = life.operator.up(life.instance)
    assert unchanged(result), result["changes"]


def test_r25_the_state_of_an_earlier_version_is_taken_over_while_it_serves(life: Life) -> None:
    """A state that an earlier version of the adapter left behind, in the place of the one that this version made.

    The instance stands as that version was asked for it: what this version would do otherwise is all that there is
    to do.
    """
    states = dict(record.recorded(life.operator.runtime))
    assert states, "an adapter ships the states that it has left behind: python -m tenantry.testing.record"
    if life.variant not in states:
        pytest.skip(f"no state was recorded of the variant {life.variant}")
    own = life.operator.state(life.instance)
    text = record.fitted(
        states[life.variant].read_text(encoding="utf-8"),
        account=record.identity_of(own)["account"],
        http_port=life.operator.tenantry("env", life.instance, "--json").json["TENANTRY_SANDBOX_HTTP_PORT"],
        salt=own["deployment"]["secrets_providers"]["state"]["salt"],
    )
    life.operator.load_state(life.instance, text)
    with asking(f"{life.url}/api/about") as seen:
        result = life.operator.up(life.instance)
    assert result["changes"]["same"] > 0, result["changes"]
    assert result["outputs"]["url"] == life.url
    assert set(seen) == {200}, seen
    assert life.about()["greeting"] == "hello"
    now = {each["urn"]: each.get("id") for each in life.operator.state(life.instance)["deployment"]["resources"]}
    kept = [each for each in json.loads(text)["deployment"]["resources"] if each.get("protect")]
    assert [each["urn"] for each in kept if now.get(each["urn"]) != each["id"]] == [], "what holds data was replaced"


def test_r19_destroy_leaves_nothing(life: Life) -> None:
    assert life.operator.left(life.instance)
    life.operator.tenantry("destroy", life.instance, "--yes", "--json")
    assert life.operator.left(life.instance) == []
    assert not life.operator.state(life.instance)["deployment"].get("resources")
    assert get(f"{life.url}/api/about").status in {0, 404}


def test_r19_destroy_twice_is_quiet(life: Life) -> None:
    life.operator.tenantry("destroy", life.instance, "--yes", "--json")


def _about_with(life: Life, key: str, value: str) -> dict[str, Any]:
    def accept(answer: Answer) -> bool:
        return answer.status == 200 and answer.json.get(key) == value

    about: dict[str, Any] = eventually(f"{life.url}/api/about", accept).json
    return about


def _engine_of(pid: int) -> tuple[Any, list[Any]]:
    """The engine that a runner started, once a provider runs below it, and every process below the engine."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for process in descendants(pid):
            if process.name == "pulumi":
                below = descendants(process.pid)
                if any("pulumi-resource" in other.command for other in below):
                    return process, below
        time.sleep(0.05)
    raise AssertionError("no engine with a provider was seen")
