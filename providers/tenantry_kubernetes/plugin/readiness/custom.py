"""The annotation `pulumi.com/waitFor`: conditions that a program names itself."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from tenantry.errors import TenantryError
from tenantry_kubernetes.plugin.objects import WAIT_FOR, annotation, pluck
from tenantry_kubernetes.plugin.readiness.pods import condition
from tenantry_kubernetes.plugin.readiness.verdict import READY, Rule, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry_kubernetes.client.requests import Object

_CONDITION: Final = re.compile(r"^condition=([^=]+)(?:=(.+))?$")
_JSONPATH: Final = re.compile(r"^jsonpath=\{((?:\.[A-Za-z0-9_-]+)+)\}(?:=(.*))?$")


def custom_rule(inputs: Object) -> Rule | None:
    """The rule that an object's annotation asks for, None where it asks for none.

    Raises TenantryError for an expression beyond `condition=TYPE[=STATUS]` and `jsonpath={.plain.path}[=VALUE]`.
    """
    said = annotation(inputs, WAIT_FOR)
    if not said:
        return None
    try:
        listed = json.loads(said)
    except ValueError:
        listed = said
    checks = [_check(str(each)) for each in (listed if isinstance(listed, list) else [said])]

    def judge(live: Object, _related: dict[str, list[Object]]) -> Verdict:
        missing = tuple(words for words, holds in checks if not holds(live))
        return Verdict(reasons=tuple(f"Not yet: {words}" for words in missing)) if missing else READY

    return Rule(judge=judge, on_read=False)


def _check(expression: str) -> tuple[str, Callable[[Object], bool]]:
    found = _CONDITION.match(expression)
    if found:
        kind, status = found.group(1), found.group(2) or "True"
        return expression, lambda live: condition(live, kind).get("status") == status
    found = _JSONPATH.match(expression)
    if found:
        path, wanted = found.group(1).lstrip(".").split("."), found.group(2)
        if wanted is None:
            return expression, lambda live: pluck(live, *path) is not None
        return expression, lambda live: _written(pluck(live, *path)) == wanted
    raise TenantryError(
        f"The sandbox's stand-in for the kubernetes plugin does not understand {WAIT_FOR}: {expression!r}",
        hint="Use condition=TYPE, condition=TYPE=STATUS, jsonpath={.path} or jsonpath={.path}=value.",
    )


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
