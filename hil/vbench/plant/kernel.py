"""Virtual time: a simpy environment with exact instants, alarms that can be cancelled, and early stops.

simpy schedules by delay, so ``now + (due - now)`` may miss ``due`` by a rounding error, and a deadline that fires a
hair too early fires twice. Here events are queued at absolute instants.
"""

from __future__ import annotations

import math
from heapq import heappush
from typing import TYPE_CHECKING

import simpy
from simpy.events import NORMAL

if TYPE_CHECKING:
    from collections.abc import Callable


class Alarm(simpy.Event):
    """An action that is due once, at an instant."""

    def __init__(self, kernel: Kernel, due: float, action: Callable[[], None]) -> None:
        super().__init__(kernel)
        self._ok = True
        self._value = None
        self.due = due
        """Instant in seconds of virtual time."""
        self._action = action
        self.callbacks.append(Alarm._ring)

    @staticmethod
    def _ring(event: simpy.Event) -> None:
        if isinstance(event, Alarm):
            event._action()

    def cancel(self) -> None:
        """Forget the action; without effect once it ran."""
        if not self.processed:
            self.callbacks.clear()


class Kernel(simpy.Environment):
    """The event queue of one world; starts at 0 s and never goes back."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self._stop = False
        self._numbers = self._eid
        self.faults: list[tuple[str, str]] = []
        """Who failed, and how: errors raised by device programs, not yet told to the controller."""

    def call_at(self, due: float, action: Callable[[], None]) -> Alarm:
        """Run ``action`` at the instant ``due`` (seconds), or next if that is past; equal instants keep their order."""
        due = max(due, self._now)
        alarm = Alarm(self, due, action)
        heappush(self._queue, (due, NORMAL, next(self._numbers), alarm))
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
        same instant are still to come.
        """
        if not math.isfinite(until) or until < self._now:
            raise ValueError(f"until = {until} lies before the present instant {self._now}")
        queue = self._queue
        self._stop = False
        while queue and queue[0][0] <= until:
            self.step()
            if self._stop:
                return False
        self._now = until
        return True
