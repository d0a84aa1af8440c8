from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry_ops.engine.events import Diagnostic, Outputs, ResourceEvent, Summary, name_of, parse, type_of

URN = "urn:pulumi:acme::probe::tenantry:index:AppInstance$kubernetes:apps/v1:Deployment::api"
STACK = "urn:pulumi:acme::probe::pulumi:pulumi:Stack::probe-acme"
SPECIAL = "4dabf18193072939515e22adb298388d"


def line(**event: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps({"sequence": 1, "timestamp": 2, **event}, separators=(",", ":"))


def step(op: str, urn: str = URN, new: Any = None) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"metadata": {"op": op, "urn": urn, "type": type_of(urn), "old": None, "new": new}}


@pytest.mark.parametrize(("kind", "state"), [("resourcePreEvent", "started"), ("resOpFailedEvent", "failed")])
def test_steps(kind: str, state: str) -> None:
    (event,) = parse(line(**{kind: step("create")}))
    assert isinstance(event, ResourceEvent)
    assert (event.state, event.operation, event.name, event.type) == (
        state,
        "create",
        "api",
        "kubernetes:apps/v1:Deployment",
    )


def test_the_stacks_end_carries_the_outputs_masked() -> None:
    outputs = {
        "url": "http://x",
        "databases": {SPECIAL: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"},
        "refs": {"inner": [{SPECIAL: "x", "value": "y"}]},
        "services": {"api": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"},
    }
    done, found = parse(line(resOutputsEvent=step("same", STACK, {"outputs": outputs})))
    assert isinstance(done, ResourceEvent)
    assert done.state == "done"
    assert isinstance(found, Outputs)
    assert found.values == {
        "url": "http://x",
        "databases": "[secret]",
        "refs": {"inner": ["[secret]"]},
        "services": {"api": "[unknown]"},
    }


def test_a_deleted_stack_has_no_outputs() -> None:
    assert len(parse(line(resOutputsEvent=step("delete", STACK)))) == 1


def test_the_summary() -> None:
    (event,) = parse(line(summaryEvent={"resourceChanges": {"same": 3}, "result": "succeeded"}))
    assert event == Summary(changes={"same": 3})
    assert parse(line(summaryEvent={"resourceChanges": None})) == [Summary(changes={})]


@pytest.mark.parametrize(
    ("severity", "kept"), [("error", "error"), ("warning", "warning"), ("info", "info"), ("info#err", "warning")]
)
def test_diagnostics(severity: str, kept: str) -> None:
    (event,) = parse(line(diagnosticEvent={"urn": URN, "message": " said\n", "severity": severity, "color": "never"}))
    assert event == Diagnostic(severity=kept, urn=URN, message="said")  # type: ignore[arg-type] # a word of the table


def test_debug_messages_are_dropped_unread() -> None:
    assert parse(line(diagnosticEvent={"message": "props=secret", "severity": "debug", "color": "never"})) == []
    assert parse(line(diagnosticEvent={"message": "x", "severity": "info", "ephemeral": True})) == []


@given(st.text())
def test_any_other_line_is_nothing(text: str) -> None:
    assert parse(text) == []
    assert parse(line(cancelEvent={})) == []


def test_names_and_types_of_urns() -> None:
    assert name_of("urn:pulumi:s::p::t::a::b") == "a::b"
    assert type_of(URN) == "kubernetes:apps/v1:Deployment"
    assert (name_of("nonsense"), type_of("nonsense")) == ("nonsense", "")
