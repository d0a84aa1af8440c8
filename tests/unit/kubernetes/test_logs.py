"""Logs of an instance's pods, read over HTTP from what answers as an API server does."""

from __future__ import annotations

import dataclasses
import http.server
import json
import threading
import urllib.parse
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.errors import PreflightError, VendorError
from tenantry_kubernetes.logs import read_logs
from tenantry_kubernetes.names import namespace_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tenantry.spec.plan import InstancePlan


class Cluster:
    """Pods and what they printed."""

    def __init__(self) -> None:
        self.pods: list[dict[str, Any]] = []
        self.printed: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.forbidden = False

    def pod(self, component: str, created: str, lines: list[str] | None, **state: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        name = f"{component}-{created[-3:-1]}"
        made: dict[str, Any] = {
            "metadata": {
                "name": name,
                "namespace": "acme",
                "uid": name,
                "creationTimestamp": created,
                "labels": {"tenantry.dev/component": component, "tenantry.dev/instance": "acme"},
            },
            "status": {
                "phase": "Running",
                "containerStatuses": [{"name": component, "state": state or {"running": {}}}],
            },
        }
        self.pods.append(made)
        if lines is not None:
            self.printed[name] = lines
        return made

    def answer(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        url = urllib.parse.urlsplit(path)
        query = urllib.parse.parse_qs(url.query)
        if self.forbidden:
            status = {"kind": "Status", "status": "Failure", "reason": "Forbidden", "message": "pods is forbidden"}
            return 403, json.dumps(status).encode()
        if not url.path.endswith("/log"):
            wanted = dict(item.split("=") for item in query["labelSelector"][0].split(","))
            found = [pod for pod in self.pods if wanted.items() <= pod["metadata"]["labels"].items()]
            return 200, json.dumps({"kind": "PodList", "metadata": {}, "items": found}).encode()
        lines = self.printed[url.path.split("/")[-2]]
        tail = int(query.get("tailLines", ["1000"])[0])
        return 200, "".join(f"{line}\n" for line in lines[-tail:]).encode()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = made.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_address[1]}"}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"ACME_KUBECONFIG": str(tmp_path / "kubeconfig")}


def test_older_pods_come_first_each_line_with_its_component(
    cluster: Cluster, plan: InstancePlan, environment: dict[str, str]
) -> None:
    cluster.pod("web", "2026-01-02T00:00:02Z", ["later"])
    cluster.pod("api", "2026-01-02T00:00:01Z", ["one", "two", "three"])
    found = list(read_logs(plan, environment, component=None, follow=False, tail=2))
    assert found == [("api", "two"), ("api", "three"), ("web", "later")]
    assert all(f"/namespaces/{namespace_name(plan)}/pods" in path for path in cluster.asked if "/log" not in path)
    assert "container=api" in next(path for path in cluster.asked if "/log" in path and "api-" in path)


def test_one_component_is_asked_for_alone(cluster: Cluster, plan: InstancePlan, environment: dict[str, str]) -> None:
    cluster.pod("web", "2026-01-02T00:00:02Z", ["web"])
    cluster.pod("api", "2026-01-02T00:00:01Z", ["api"])
    assert list(read_logs(plan, environment, component="web", follow=False, tail=9)) == [("web", "web")]


def test_pods_of_one_off_runs_are_passed_over(
    cluster: Cluster, plan: InstancePlan, environment: dict[str, str]
) -> None:
    cluster.pod("api", "2026-01-02T00:00:01Z", ["api"])
    run = cluster.pod("migrate", "2026-01-02T00:00:02Z", ["migrated"])
    del run["metadata"]["labels"]["tenantry.dev/component"]
    assert list(read_logs(plan, environment, component=None, follow=False, tail=9)) == [("api", "api")]


def test_a_pod_that_cannot_start_says_why(cluster: Cluster, plan: InstancePlan, environment: dict[str, str]) -> None:
    cluster.pod("api", "2026-01-02T00:00:01Z", None, waiting={"reason": "ErrImagePull", "message": "no such image"})
    ((component, line),) = read_logs(plan, environment, component=None, follow=False, tail=9)
    assert component == "api"
    assert "has not started: ErrImagePull: no such image" in line


def test_a_container_in_back_off_still_shows_what_it_printed(
    cluster: Cluster, plan: InstancePlan, environment: dict[str, str]
) -> None:
    pod = cluster.pod("api", "2026-01-02T00:00:01Z", ["Traceback"], waiting={"reason": "CrashLoopBackOff"})
    pod["status"]["containerStatuses"][0]["lastState"] = {"terminated": {"exitCode": 1}}
    assert list(read_logs(plan, environment, component=None, follow=False, tail=9)) == [("api", "Traceback")]


def test_following_sees_pods_that_come_later(cluster: Cluster, plan: InstancePlan, environment: dict[str, str]) -> None:
    cluster.pod("api", "2026-01-02T00:00:01Z", ["first"])
    lines = read_logs(plan, environment, component=None, follow=True, tail=9)
    assert next(lines) == ("api", "first")
    cluster.pod("web", "2026-01-02T00:00:02Z", ["second"])
    assert next(lines) == ("web", "second")
    cluster.printed["web-02"] = ["after the restart"]
    cluster.pods[1]["status"]["containerStatuses"][0]["restartCount"] = 1
    assert next(lines) == ("web", "after the restart")
    assert not [path for path in cluster.asked if "tailLines=-" in path]
    lines.close()  # type: ignore[attr-defined] # a generator


def test_a_refusal_is_the_servers_word(cluster: Cluster, plan: InstancePlan, environment: dict[str, str]) -> None:
    cluster.forbidden = True
    with pytest.raises(VendorError, match="pods is forbidden"):
        list(read_logs(plan, environment, component=None, follow=False, tail=9))


def test_missing_credentials_are_said(plan: InstancePlan) -> None:
    with pytest.raises(PreflightError, match="ACME_KUBECONFIG"):
        list(read_logs(plan, {}, component=None, follow=False, tail=9))
    with pytest.raises(PreflightError, match="TENANTRY_SANDBOX_KUBECONFIG"):
        list(read_logs(dataclasses.replace(plan, mode="sandbox"), {}, component=None, follow=False, tail=9))
