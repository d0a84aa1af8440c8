"""What an engine run does, resource by resource: live on a terminal, plain lines elsewhere, events for programs."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final, Self

from tenantry_ops.cli.screen import console
from tenantry_ops.engine.events import STACK_TYPE, Diagnostic, Event, Note, ResourceEvent

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live
    from rich.spinner import Spinner

    from tenantry_ops.cli.screen import Screen

_WORDS: Final = {
    "create": ("+", "created", "creating", "green"),
    "update": ("~", "updated", "updating", "yellow"),
    "delete": ("-", "deleted", "deleting", "red"),
    "release": ("=", "released", "releasing", "cyan"),
    "replace": ("±", "replaced", "replacing", "magenta"),
    "create-replacement": ("±", "created anew", "creating anew", "magenta"),
    "delete-replaced": ("-", "old one deleted", "deleting the old one", "magenta"),
    "discard": (" ", "forgotten", "forgetting", "dim"),
    "import": ("=", "imported", "importing", "cyan"),
    "refresh": ("=", "refreshed", "refreshing", "cyan"),
    "read": ("=", "read", "reading", "cyan"),
    "same": (" ", "unchanged", "comparing", "dim"),
}
_PROVIDERS: Final = "pulumi:providers:"
"""Types of the connections to vendors: nothing that stands anywhere."""

_QUIET: Final = frozenset({"same", "read", "refresh", "discard"})
"""Operations that change nothing: shown while they run, not kept on the screen."""


def short_type(kind: str) -> str:
    """`kubernetes:apps/v1:Deployment` as `Deployment`."""
    return kind.rsplit(":", 1)[-1]


def planned(word: str, *, preview: bool, operation: str) -> str:
    """What is said of a finished step; a preview only plans it."""
    return f"to {operation}" if preview and operation not in _QUIET else word


class Progress:
    """Takes the events of one engine run; use it as a context manager around the run.

    Args:
        screen: where to show them.
        instance: the instance's id.
        preview: whether the run only plans.
    """

    def __init__(self, screen: Screen, instance: str, *, preview: bool = False) -> None:
        self._screen = screen
        self._instance = instance
        self._preview = preview
        self._running: dict[str, tuple[ResourceEvent, float]] = {}
        self._live: Live | None = None
        self._spinner: Spinner | None = None

    def __enter__(self) -> Self:
        if self._screen.talks and sys.stderr.isatty():
            from rich.live import Live
            from rich.spinner import Spinner

            self._spinner = Spinner("dots", text=self._instance)
            self._live = Live(
                console=console(sys.stderr), get_renderable=self._status, transient=True, refresh_per_second=8
            )
            self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.__exit__(None, None, None)
            self._live = None

    def __call__(self, event: Event) -> None:
        """Shows one event."""
        match event:
            case ResourceEvent():
                self._resource(event)
            case Diagnostic():
                self._diagnostic(event)
            case Note():
                self._screen.event("note", instance=self._instance, message=event.message)
                self._say(f"• {event.message}")

    def _resource(self, event: ResourceEvent) -> None:
        if event.state == "started":
            self._running[event.urn] = (event, time.monotonic())
            seconds = 0.0
        else:
            found = self._running.pop(event.urn, None)
            if found is None and event.state == "done":
                # A component ends twice: when it is registered and when its outputs are.
                return
            seconds = time.monotonic() - found[1] if found else 0.0
        self._screen.event(
            "resource",
            instance=self._instance,
            component=event.name,
            type=event.type,
            operation=event.operation,
            state=event.state,
            seconds=round(seconds, 1),
        )
        if event.state == "started" or event.type == STACK_TYPE or event.type.startswith(_PROVIDERS):
            return
        if event.state == "failed" or event.operation not in _QUIET:
            self._line(event, seconds)

    def _line(self, event: ResourceEvent, seconds: float) -> None:
        sign, done, _, tone = _WORDS.get(event.operation, ("*", event.operation, event.operation, ""))
        word = planned(done, preview=self._preview, operation=event.operation)
        if event.state == "failed":
            sign, word, tone = "!", f"{event.operation} failed", "red"
        took = "" if self._preview else f"{seconds:6.1f} s"
        text = f"{sign} {event.name:<24} {short_type(event.type):<26} {word:<16} {took}"
        self._say(text.rstrip(), tone)

    def _diagnostic(self, event: Diagnostic) -> None:
        self._screen.event(
            "diagnostic", instance=self._instance, severity=event.severity, urn=event.urn, message=event.message
        )
        if event.severity == "warning":
            self._say(f"warning: {event.message}", "yellow")
        elif event.severity == "info" and event.message:
            self._say(event.message)

    def _say(self, text: str, tone: str = "") -> None:
        if self._live is not None:
            from rich.text import Text

            self._live.console.print(Text(text, style=tone))
        else:
            self._screen.note(text, fg=tone if tone not in ("", "dim") else None)

    def _status(self) -> RenderableType:
        """The lines below: what runs now."""
        from rich.console import Group
        from rich.text import Text

        now = time.monotonic()
        lines: list[Text] = []
        for event, began in list(self._running.values())[-8:]:
            if event.type != STACK_TYPE:
                doing = _WORDS.get(event.operation, ("", "", event.operation, ""))[2]
                lines.append(
                    Text(
                        f"  {event.name:<24} {short_type(event.type):<26} {doing:<16} {now - began:6.1f} s", style="dim"
                    )
                )
        return Group(*([self._spinner] if self._spinner else []), *lines)
