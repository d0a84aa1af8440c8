"""The daemon does what it is told, and says why where it does not. The tests of this file follow one instance."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from tenantry.contract.runtime import Permission

from tenantry_host.access import SANDBOX_TOKEN_FILE

if TYPE_CHECKING:
    from running import Running


def eventually(host: Running, path: str, wanted: str) -> None:
    deadline = time.monotonic() + 20
    found = ""
    while found != wanted:
        assert time.monotonic() < deadline, found
        with contextlib.suppress(httpx.HTTPError):
            found = host.visit(path).text
        time.sleep(0.1)


def test_an_app_and_a_site_answer_behind_one_host(host: Running) -> None:
    assert host.app("first").is_success
    host.site()
    assert host.routes().is_success
    assert host.visit("/api/x?y=1").text == "first /api/x?y=1"
    assert host.visit("/").text == "home"


def test_a_site_serves_its_files_and_no_others(host: Running) -> None:
    assert host.visit("/docs/").text == "docs"
    assert host.visit("/docs").headers["Location"] == "/docs/"
    for path in ("/apix", "/.secret", "/docs/../.secret", "/%2e%2e/%2e%2e/token", "/index.html/"):
        found = host.visit(path)
        assert (found.status_code, found.text) == (404, "lost"), path


def test_a_version_that_does_not_start_leaves_the_one_before(host: Running) -> None:
    refused = host.app("broken", program="raise SystemExit('cannot go on')")
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "not_ready"
    assert "cannot go on" in refused.json()["error"]["message"]
    assert host.visit("/api/").text == "first /api/"


def test_a_new_version_takes_over_without_a_gap(host: Running) -> None:
    before = len(_programs())
    assert host.app("second").is_success
    assert host.visit("/api/").text == "second /api/"
    assert len(_programs()) == before == 2


def test_what_ends_is_started_again(host: Running) -> None:
    for _ in range(2):
        assert host.visit("/api/end").status_code in {502, 503}
    eventually(host, "/api/", "second /api/")


def test_a_suspended_instance_runs_nothing_and_answers_503(host: Running) -> None:
    assert host.app("second", suspended=True).is_success
    assert host.visit("/api/").status_code == 503
    assert _programs() == []
    assert host.sandbox.activity(host.folder, "shop") == []
    assert host.app("second").is_success
    assert len(host.sandbox.activity(host.folder, "shop")) == 2
    assert host.visit("/api/").text == "second /api/"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_daemon_that_ended_takes_up_where_it_was(host: Running, how: signal.Signals) -> None:
    (status,) = host.sandbox.status(host.folder)
    assert status.pid is not None
    os.kill(status.pid, how)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(status.pid).wait(20)
    host.up()
    eventually(host, "/api/", "second /api/")
    assert len(_programs()) == 2


def test_logs_show_what_an_app_prints(host: Running) -> None:
    found = host.send("GET", "/v1/instances/shop/logs/api?tail=5").json()
    assert "/api/" in found["lines"]
    host.visit("/api/later")
    later = host.send("GET", f"/v1/instances/shop/logs/api?from={found['position']}").json()
    assert "/api/later" in later["lines"]


def test_a_host_name_belongs_to_one_instance(host: Running) -> None:
    refused = host.routes("other")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "host_taken")


def test_only_the_token_lets_in(host: Running) -> None:
    assert host.send("GET", "/v1/host", token="wrong").status_code == 401  # noqa: S106 - it is wrong
    assert host.send("GET", "/v1/host").json()["id"]


def test_a_holder_may_do_what_the_permissions_say(host: Running) -> None:
    rights = [Permission(component="*", action="control", resource="the host")]
    given = host.sandbox.limited(host.folder, "alice", rights)
    token = Path(given[SANDBOX_TOKEN_FILE]).read_text(encoding="ascii").strip()
    assert host.send("GET", "/v1/host", token=token).is_success
    nothing = host.sandbox.limited(host.folder, "alice", [])
    assert host.send("GET", "/v1/host", token=token).status_code == 401
    token = Path(nothing[SANDBOX_TOKEN_FILE]).read_text(encoding="ascii").strip()
    assert host.send("GET", "/v1/host", token=token).status_code == 401


@pytest.mark.parametrize("path", ["../escape", "/tmp/escape"])  # noqa: S108 - it must not be written
def test_an_archive_cannot_write_elsewhere(host: Running, path: str) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo(path), io.BytesIO())
    refused = host.send("PUT", "/v1/sources/" + "0" * 64, content=out.getvalue())
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] in {"bad_archive", "other_digest"}


@pytest.mark.parametrize("path", ["apps/UP", "apps/..%2fx", "databases/main"])
def test_names_that_are_no_ids_are_refused(host: Running, path: str) -> None:
    assert host.send("PUT", f"/v1/instances/shop/{path}", json={}).status_code in {400, 404}


def test_an_order_that_makes_no_sense_is_refused(host: Running) -> None:
    refused = host.send("PUT", "/v1/instances/shop/apps/api", json={"source": 1})
    assert refused.json()["error"]["code"] in {"bad_spec", "no_source"}
    assert host.app("new", runtime="python2.7").json()["error"]["code"] == "no_runtime"


def test_what_is_deleted_is_gone(host: Running) -> None:
    for path in ("routes/shop-routes", "apps/api", "sites/web", "sites/web"):
        assert host.send("DELETE", f"/v1/instances/shop/{path}").is_success
    assert host.send("GET", "/v1/instances/shop").json() == []
    assert host.sandbox.resources(host.folder, "shop") == []
    assert _programs() == []


def _programs() -> list[int]:
    """Processes of the test's own app."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "environ"])
        if process.info["cmdline"] == ["python", "main.py"] and "SAYS" in (process.info["environ"] or {})
    ]
