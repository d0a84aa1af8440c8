"""The lock on an instance's data, against an API server in memory."""

from __future__ import annotations

import copy
import datetime as dt
import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tenantry.contract.tasks import InstanceRef
from tenantry.errors import TaskError
from tenantry_kubernetes import locking
from tenantry_kubernetes.client import sync
from tenantry_kubernetes.client.kubeconfig import Access

if TYPE_CHECKING:
    from collections.abc import Mapping

REF = InstanceRef(tenant="owner", instance="acme", mode="sandbox", runtime="kubernetes", region=None, account={})


class Server:
    """Keeps one Lease; `between` is called before every write, as another process would write."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.renewals = 0

    def handle(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else {}
        if request.method == "POST":
            return _status(409, "AlreadyExists") if self.lease else self._write(body)
        if self.lease is None:
            return _status(404, "NotFound")
        if request.method == "PUT":
            if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
                return _status(409, "Conflict")
            self.renewals += 1
            return self._write(body)
        found = copy.deepcopy(self.lease)
        if request.method == "DELETE":
            self.lease = None
        return httpx.Response(200, json=found)

    def _write(self, body: dict[str, Any]) -> httpx.Response:
        self.version += 1
        self.lease = body
        self.lease["metadata"] |= {"resourceVersion": str(self.version), "uid": "uid"}
        return httpx.Response(200, json=self.lease)

    def held_by(self, holder: str, seconds_ago: float) -> None:
        """Lets somebody hold the lock, renewed so long ago."""
        with locking.hold(REF, holder, "its work", {}):
            pass
        self._write(self._body(holder, seconds_ago))

    def _body(self, holder: str, seconds_ago: float) -> dict[str, Any]:
        moment = (dt.datetime.now(dt.UTC) - dt.timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {"holderIdentity": holder, "leaseDurationSeconds": 45, "acquireTime": moment, "renewTime": moment}
        return {"metadata": {"name": "tenantry.data", "annotations": {locking.PURPOSE: "its work"}}, "spec": spec}


def _status(code: int, reason: str) -> httpx.Response:
    return httpx.Response(code, json={"kind": "Status", "code": code, "reason": reason, "message": reason})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    real = sync.Kubernetes

    def client(access: Access) -> sync.Kubernetes:
        return real(access, httpx.MockTransport(made.handle))

    def access(_instance: InstanceRef, _environment: Mapping[str, str]) -> Access:
        return Access(server="http://127.0.0.1:1")

    monkeypatch.setattr(sync, "Kubernetes", client)
    monkeypatch.setattr(locking, "access", access)
    return made


def test_a_lock_is_taken_and_given_up(server: Server) -> None:
    with locking.hold(REF, "one", "a backup", {}):
        assert server.lease is not None
        assert server.lease["spec"]["holderIdentity"] == "one"
        assert server.lease["metadata"]["annotations"][locking.PURPOSE] == "a backup"
    assert server.lease is None


def test_it_is_given_up_after_a_failure_too(server: Server) -> None:
    with pytest.raises(RuntimeError), locking.hold(REF, "one", "a backup", {}):
        raise RuntimeError
    assert server.lease is None


def test_somebody_elses_lock_is_refused_until_it_runs_out(server: Server) -> None:
    server.held_by("two", 10)
    with pytest.raises(TaskError, match="locked for its work") as refused, locking.hold(REF, "one", "x", {}):
        pass
    assert "45 seconds" in refused.value.hint
    server.held_by("two", 46)
    with locking.hold(REF, "one", "x", {}):
        assert server.lease is not None
        assert server.lease["spec"]["holderIdentity"] == "one"


def test_the_same_holder_takes_over_at_once(server: Server) -> None:
    server.held_by("one", 1)
    with locking.hold(REF, "one", "x", {}):
        pass
    assert server.lease is None


def test_who_writes_first_has_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.held_by("gone", 100)
    real = server.handle

    def another_first(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            server._write(server._body("faster", 0))
        return real(request)

    monkeypatch.setattr(server, "handle", another_first)
    with pytest.raises(TaskError, match="is locked"), locking.hold(REF, "one", "x", {}):
        pass
    assert server.lease is not None
    assert server.lease["spec"]["holderIdentity"] == "faster"


def test_a_lock_is_renewed_while_its_holder_works(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "RENEWAL", 0.01)
    with locking.hold(REF, "one", "x", {}):
        before = server.lease["spec"]["acquireTime"] if server.lease else ""
        for _ in range(500):
            if server.renewals > 2:
                break
            time.sleep(0.01)
        assert server.renewals > 2
        assert server.lease is not None
        assert server.lease["spec"]["acquireTime"] == before
