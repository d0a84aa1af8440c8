"""What an instance's apps print, asked of the host."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import httpx
from tenantry.errors import VendorError
from tenantry.spec.plan import ServicePlan

from tenantry_host.access import TOKEN, Access
from tenantry_host.models import Account

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.spec.plan import InstancePlan

_POLL_SECONDS: Final = 0.5


def read_logs(
    plan: InstancePlan, environment: Mapping[str, str], *, component: str | None, follow: bool, tail: int
) -> Iterator[tuple[str, str]]:
    """Pairs of component id and line; `follow` goes on until closed. Raises PreflightError, VendorError."""
    access = _access(plan, environment)
    names = [one.id for one in plan.components if isinstance(one, ServicePlan) and component in {None, one.id}]
    positions = dict.fromkeys(names, -1)
    headers = {"Authorization": f"Bearer {access.token}"}
    with httpx.Client(base_url=access.endpoint, headers=headers, timeout=30, trust_env=False) as client:
        while True:
            for name in names:
                query = {"tail": tail, "from": positions[name]}
                found = _ask(client, f"/v1/instances/{plan.instance}/logs/{name}", query)
                positions[name] = found["position"]
                for line in found["lines"]:
                    yield name, line
            if not follow:
                return
            time.sleep(_POLL_SECONDS)


def _access(plan: InstancePlan, environment: Mapping[str, str]) -> Access:
    if plan.mode == "sandbox":
        return Access.find(environment, None, None)
    account = Account.model_validate(plan.runtime.account)
    ref = account.token.ref if account.token else None
    named = {TOKEN: environment.get(ref.env, "")} if ref and ref.env else {}
    return Access.find({**environment, **named}, account.endpoint or "", ref.file if ref else None)


def _ask(client: httpx.Client, path: str, query: dict[str, int]) -> Any:  # noqa: ANN401 - a JSON document
    try:
        answer = client.get(path, params=query)
    except httpx.HTTPError as error:
        raise VendorError(f"The host does not answer: {error}", hint="Is its daemon running?") from error
    if answer.is_error:
        raise VendorError(f"The host refused to show logs: {answer.text[:300]}", vendor_code=str(answer.status_code))
    return answer.json()
