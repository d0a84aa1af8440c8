"""One-off runs of a service's command: a Job with the service's own pod template."""

from __future__ import annotations

import base64
import contextlib
import copy
import time
from typing import TYPE_CHECKING, Any, Final, cast

from tenantry.contract.tasks import TaskResult
from tenantry.errors import TaskError, VendorError
from tenantry_kubernetes.access import access
from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.names import namespace_name
from tenantry_kubernetes.workloads.env import literal
from tenantry_kubernetes.workloads.references import referenced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tenantry.contract.tasks import TaskRequest
    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.client.sync import Kubernetes

JOB: Final = BUILT_IN["batch/v1", "Job"]
POD: Final = BUILT_IN["v1", "Pod"]
SECRET: Final = BUILT_IN["v1", "Secret"]
TASK_LABEL: Final = "tenantry.dev/task"
"""On the Job of a task; its value is the component."""

_POLL_SECONDS: Final = (0.2, 0.3, 0.5, 1.0)
_LATE_SECONDS: Final = 60
"""How long after a task's time its Job may take to say so."""
_LOG_LINES: Final = 50
_LEAST_SECRET: Final = 4


def run_task(request: TaskRequest, environment: Mapping[str, str], progress: Callable[[str], None]) -> TaskResult:
    """See `Tasks`. Raises TaskError where another task of the instance runs, VendorError, PreflightError."""
    from tenantry_kubernetes.client.sync import Kubernetes

    with Kubernetes(access(request.instance, environment)) as client:
        return _Run(client, request).go(progress)


class _Run:
    """One task on one cluster."""

    def __init__(self, client: Kubernetes, request: TaskRequest) -> None:
        self._client = client
        self._request = request
        self._namespace = namespace_name(request.instance)

    def go(self, progress: Callable[[str], None]) -> TaskResult:
        """Starts the Job, or finds the one that an earlier attempt started, and waits for its end."""
        self._refuse_others()
        found = self._read()
        if found is not None:
            outcome = _outcome(found)
            if outcome == "succeeded":
                return TaskResult(outcome="succeeded", exit_code=0, found=True)
            if outcome is not None:
                self._remove(found, progress)
                found = None
        if found is None:
            try:
                self._client.create(JOB, self._namespace, self._job())
            except KubernetesError as error:
                # Somebody else tries the same: both wait for the one Job.
                if not error.already_exists:
                    raise
        return self._wait(progress)

    def _wait(self, progress: Callable[[str], None]) -> TaskResult:
        deadline = time.monotonic() + self._request.timeout + _LATE_SECONDS
        for seconds in _pauses():
            progress(f"{self._request.component}: running {' '.join(self._request.command)}")
            job = self._read()
            if job is None:
                raise TaskError(
                    f"The Job {self._request.id} was deleted before it had ended.", hint="Repeat the same command."
                )
            outcome = _outcome(job)
            if outcome == "succeeded":
                return TaskResult(outcome="succeeded", exit_code=0)
            if outcome is not None or time.monotonic() > deadline:
                return self._failed("timeout" if outcome is None else outcome, job, progress)
            time.sleep(seconds)
        raise AssertionError

    def _failed(self, outcome: Any, job: Object, progress: Callable[[str], None]) -> TaskResult:  # noqa: ANN401 - one of TaskResult's words
        exit_code, lines = None, list[str]()
        with contextlib.suppress(VendorError):
            for pod in self._client.list_objects(
                POD, self._namespace, labels=f"batch.kubernetes.io/job-name={self._request.id}"
            ):
                exit_code, said = self._story(pod)
                lines += said
        if not lines:
            lines = [str(each.get("message")) for each in job["status"].get("conditions") or [] if each.get("message")]
        if outcome == "timeout":
            # It may still be there: a Job takes its pods with it.
            self._remove(job, progress)
        return TaskResult(outcome=outcome, exit_code=exit_code, log=tuple(self._redacted(lines)))

    def _story(self, pod: Object) -> tuple[int | None, list[str]]:
        status = pod.get("status") or {}
        exit_code: int | None = None
        waiting: list[str] = []
        for each in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
            state = each.get("state") or {}
            ended = state.get("terminated")
            if ended and ended.get("exitCode"):
                exit_code = int(ended["exitCode"])
                with contextlib.suppress(VendorError):
                    return exit_code, list(
                        self._client.logs(
                            self._namespace, pod["metadata"]["name"], container=each["name"], tail=_LOG_LINES
                        )
                    )
                return exit_code, [str(ended.get("message") or "")]
            if "waiting" in state and state["waiting"].get("message"):
                waiting.append(f"{state['waiting'].get('reason', '')}: {state['waiting']['message']}")
        return exit_code, waiting

    def _redacted(self, lines: list[str]) -> Iterator[str]:
        values = self._secrets() if lines else []
        for line in lines:
            text = line
            for value in values:
                text = text.replace(value, "[secret]")
            yield text

    def _secrets(self) -> list[str]:
        values: set[str] = set()
        for kind, name in referenced(cast("dict[str, Any]", self._request.spec["spec"])):
            if kind != "Secret":
                continue
            with contextlib.suppress(VendorError, ValueError):
                data = self._client.get(SECRET, self._namespace, name).get("data") or {}
                values |= {base64.b64decode(value).decode(errors="replace") for value in data.values()}
        return sorted((value for value in values if len(value) >= _LEAST_SECRET), key=len, reverse=True)

    def _refuse_others(self) -> None:
        for job in self._client.list_objects(JOB, self._namespace, labels=TASK_LABEL):
            metadata = job["metadata"]
            if metadata["name"] != self._request.id and _outcome(job) is None and "deletionTimestamp" not in metadata:
                raise TaskError(
                    f"Another task of {self._request.instance.instance} is running: the Job {metadata['name']} of "
                    f"{metadata['labels'][TASK_LABEL]}, since {metadata['creationTimestamp']}.",
                    hint="Repeat when it has ended.",
                )

    def _read(self) -> Object | None:
        try:
            return self._client.get(JOB, self._namespace, self._request.id)
        except KubernetesError as error:
            if error.not_found:
                return None
            raise

    def _remove(self, job: Object, progress: Callable[[str], None]) -> None:
        """Removes a Job with its pods, and waits until both are gone: nothing of it may still work on the data."""
        self._client.delete(
            JOB, self._namespace, self._request.id, propagation="Foreground", uid=job["metadata"]["uid"]
        )
        deadline = time.monotonic() + _LATE_SECONDS
        for seconds in _pauses():
            if self._read() is None:
                return
            if time.monotonic() > deadline:
                raise TaskError(
                    f"The Job {self._request.id} of an earlier attempt does not go away.",
                    hint=f"See what holds it: kubectl -n {self._namespace} describe job {self._request.id}",
                )
            progress(f"{self._request.component}: stopping the earlier attempt")
            time.sleep(seconds)

    def _job(self) -> Object:
        template: Object = copy.deepcopy(self._request.spec)
        template["spec"]["containers"][0]["command"] = [literal(word) for word in self._request.command]
        labels = dict(template["metadata"]["labels"]) | {TASK_LABEL: self._request.component}
        return {
            "apiVersion": JOB.api_version,
            "kind": JOB.kind,
            "metadata": {"name": self._request.id, "namespace": self._namespace, "labels": labels},
            "spec": {
                # One attempt: whether another one is safe only a person can say.
                "backoffLimit": 0,
                "activeDeadlineSeconds": self._request.timeout,
                "template": template,
            },
        }


def _outcome(job: Object) -> Any:  # noqa: ANN401 - one of TaskResult's words, None while it runs
    for condition in (job.get("status") or {}).get("conditions") or []:
        if condition["status"] != "True":
            continue
        if condition["type"] == "Complete":
            return "succeeded"
        if condition["type"] == "Failed":
            return "timeout" if condition.get("reason") == "DeadlineExceeded" else "failed"
    return None


def _pauses() -> Iterator[float]:
    yield from _POLL_SECONDS
    while True:
        yield _POLL_SECONDS[-1]
