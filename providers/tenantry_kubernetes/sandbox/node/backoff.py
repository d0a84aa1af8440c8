"""How long the node waits before it starts a crashed container again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Doubles from `base` to `cap` seconds with every crash; begins anew once a container ran for twice the cap.

    The kubelet's shape: the first restart comes at once.
    """

    base: float = 1.0
    cap: float = 60.0
    _next: float = 0.0

    def after_run(self, ran_seconds: float) -> float:
        """Seconds to wait after a container that ran this long has ended."""
        if ran_seconds >= 2 * self.cap:
            self._next = 0.0
        wait = self._next
        self._next = min(max(self.base, 2 * wait), self.cap)
        return wait
