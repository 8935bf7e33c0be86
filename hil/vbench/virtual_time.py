"""Virtual time: alarms at exact instants, which can be cancelled, and early stops."""

from __future__ import annotations

import math
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Alarm:
    """An action that is due once, at an instant."""

    __slots__ = ("action", "due")

    def __init__(self, due: float, action: Callable[[], None]) -> None:
        self.due = due
        """Instant in seconds of virtual time."""
        self.action: Callable[[], None] | None = action
        """What to do then; None once it is cancelled."""

    def cancel(self) -> None:
        """Forget the action; without effect once it ran."""
        self.action = None


class Kernel:
    """The event queue of one bench; starts at 0 s and never goes back."""

    def __init__(self) -> None:
        self.now = 0.0
        """The present instant in seconds of virtual time; an attribute, because it is asked several times an event."""
        self._queue: list[tuple[float, int, Alarm]] = []
        self._numbers = count()
        self._stop = False
        self.faults: list[tuple[str, str]] = []
        """Who failed, and how: errors raised by device programs, not yet told to the controller."""

    def call_at(self, due: float, action: Callable[[], None]) -> Alarm:
        """Run ``action`` at the instant ``due`` (seconds), or next if that is past; equal instants keep their order."""
        alarm = Alarm(max(due, self.now), action)
        heappush(self._queue, (alarm.due, next(self._numbers), alarm))
        return alarm

    def stop(self) -> None:
        """Let ``run_until`` return right after the present event."""
        self._stop = True

    def fail(self, who: str, error: str) -> None:
        """Note that the program of ``who`` raised ``error``, and stop."""
        self.faults.append((who, error))
        self._stop = True

    def run_until(self, until: float) -> bool:
        """Run all events up to and including the instant ``until``, stand there, and return True.

        Returns False after an event that called ``stop``; time then stands at that event, and later events of the
        same instant are still to come. Raises ValueError if ``until`` is not finite or lies in the past.
        """
        if not math.isfinite(until) or until < self.now:
            raise ValueError(f"until = {until} lies before the present instant {self.now}")
        queue = self._queue
        self._stop = False
        while queue and queue[0][0] <= until:
            self.now, _, alarm = heappop(queue)
            if alarm.action is not None:
                alarm.action()
            if self._stop:
                return False
        self.now = until
        return True
