"""The objects of one `schedule`: a CronJob whose pod calls the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.cluster import runtime_annotation
from tenantry_kubernetes.images import STOCK, image_of
from tenantry_kubernetes.names import service_host
from tenantry_kubernetes.workloads.env import literal
from tenantry_kubernetes.workloads.manifest import Manifest, head, running
from tenantry_kubernetes.workloads.namespace import NAMESPACE
from tenantry_kubernetes.workloads.tasks import program_map, task_pod

if TYPE_CHECKING:
    from tenantry.spec.plan import InstancePlan, SchedulePlan
    from tenantry_kubernetes.cluster import Cluster

_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
PROGRAM: Final = "call.py"
CALL_SECONDS: Final = 600
_LATE_SECONDS: Final = 600
"""A call that a busy control plane could not start in time is left out after this."""


def kubernetes_cron(expression: str) -> str:
    """The expression with Sunday as 0: Kubernetes does not know it as 7."""
    *others, days = expression.split()
    if "7" not in days:
        return expression
    return " ".join([*others, ",".join(str(day) for day in _weekdays(days))])


def _weekdays(field: str) -> list[int]:
    found: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        first, _, last = ("0-6" if span == "*" else span).partition("-")
        start = _day(first)
        end = _day(last) if last else (start if not step else 6)
        found |= {day % 7 for day in range(start, end + 1, int(step or 1))}
    return sorted(found)


def _day(text: str) -> int:
    return _DAYS.index(text) if text in _DAYS else int(text)


def schedule_objects(plan: InstancePlan, schedule: SchedulePlan, *, cluster: Cluster) -> list[Manifest]:
    """Everything of one schedule. One call at a time: the next is left out while one still runs."""
    source = program_map(plan, schedule.id, PROGRAM)
    image = image_of(STOCK.runtime, cluster.account.images)
    url = literal(f"http://{service_host(plan, schedule.target)}{schedule.path}")
    pod = task_pod(
        plan,
        schedule.target,
        image=image,
        program_of=schedule.id,
        command=(STOCK.python, "-I", PROGRAM, url, "--schedule", schedule.id, "--timeout", str(CALL_SECONDS)),
        env=(),
        annotations=runtime_annotation(cluster, image, STOCK.runtime),
    )
    body = head(plan, "batch/v1", "CronJob", schedule.id, component=schedule.id)
    body["spec"] = {
        "schedule": kubernetes_cron(schedule.cron),
        "timeZone": schedule.timezone,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": _LATE_SECONDS,
        "suspend": not running(plan),
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {"spec": {"backoffLimit": 2, "activeDeadlineSeconds": 3 * (CALL_SECONDS + 60), "template": pod}},
    }
    after = (NAMESPACE, source.key, ("Service", schedule.target), ("Deployment", schedule.target))
    return [source, Manifest(logical=schedule.id, component=schedule.id, body=body, after=after)]
