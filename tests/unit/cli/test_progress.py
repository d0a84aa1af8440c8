"""What is shown of an engine run, from its events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tenantry_ops.cli.commands.deploy import summary
from tenantry_ops.cli.progress import Progress, short_type
from tenantry_ops.cli.screen import Screen
from tenantry_ops.engine.events import STACK_TYPE, Diagnostic, Event, Note, ResourceEvent

if TYPE_CHECKING:
    import pytest


def step(state: str, operation: str, name: str, kind: str = "kubernetes:apps/v1:Deployment") -> ResourceEvent:
    assert state in ("started", "done", "failed")
    urn = f"urn:pulumi:acme::shops::{kind}::{name}"
    return ResourceEvent(state=state, operation=operation, urn=urn, type=kind, name=name)  # type: ignore[arg-type] # checked above


RUN: list[Event] = [
    Note(message="Making the stack acme."),
    step("started", "create", "shops-acme", STACK_TYPE),
    step("started", "create", "api"),
    step("started", "same", "web"),
    step("started", "create", "kubernetes", "pulumi:providers:kubernetes"),
    step("done", "create", "kubernetes", "pulumi:providers:kubernetes"),
    step("done", "same", "web"),
    step("done", "create", "api"),
    step("done", "create", "api"),
    step("started", "delete", "old"),
    step("failed", "delete", "old"),
    Diagnostic(severity="warning", urn="", message="mind the gap"),
    Diagnostic(severity="error", urn="", message="it went wrong"),
    step("done", "create", "shops-acme", STACK_TYPE),
]


def play(screen: Screen, *, preview: bool = False) -> None:
    with Progress(screen, "acme", preview=preview) as progress:
        for event in RUN:
            progress(event)


def test_lines(capsys: pytest.CaptureFixture[str]) -> None:
    play(Screen())
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = [line.split() for line in shown.err.splitlines()]
    assert lines == [
        ["•", "Making", "the", "stack", "acme."],
        ["+", "api", "Deployment", "created", "0.0", "s"],
        ["!", "old", "Deployment", "delete", "failed", "0.0", "s"],
        ["warning:", "mind", "the", "gap"],
    ], "what changes nothing is not kept, an end is told once, the error itself is raised"


def test_a_preview_plans(capsys: pytest.CaptureFixture[str]) -> None:
    play(Screen(), preview=True)
    assert capsys.readouterr().err.splitlines()[1].split() == ["+", "api", "Deployment", "to", "create"]


def test_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    play(Screen(quiet=True))
    assert capsys.readouterr() == ("", "")


def test_events_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    play(Screen(as_json=True))
    shown = capsys.readouterr()
    assert shown.out == ""
    events = [json.loads(line) for line in shown.err.splitlines()]
    assert {event["event"] for event in events} == {"note", "resource", "diagnostic"}
    api = [event for event in events if event.get("component") == "api"]
    assert [(event["operation"], event["state"]) for event in api] == [("create", "started"), ("create", "done")]
    assert all({"type", "seconds", "instance"} <= event.keys() for event in api)


def test_short_types() -> None:
    assert short_type("kubernetes:apps/v1:Deployment") == "Deployment"
    assert short_type("x") == "x"


def test_summaries() -> None:
    assert summary("up", {"create": 2, "same": 14, "read": 1}) == "2 created, 14 unchanged"
    assert summary("preview", {"create": 2, "same": 14}) == "2 to create, 14 unchanged"
    assert summary("destroy", {}) == "nothing to do"
