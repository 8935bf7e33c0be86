"""Virtual time: a simpy environment with exact instants, alarms that can be cancelled, and early stops.

simpy schedules by delay, so ``now + (due - now)`` may miss ``due`` by a rounding error, and a deadline that fires a
hair too early fires twice. Here events are queued at absolute instants.
"""

from __future__ import annotations

import math
from heapq import heappop, heappush
from operator import attrgetter
from typing import TYPE_CHECKING

import simpy
from simpy.events import NORMAL

if TYPE_CHECKING:
    from collections.abc import Callable


class Alarm(simpy.Event):
    """An action that is due once, at an instant."""

    _ok = True
    _value = None

    def __init__(self, kernel: Kernel, due: float, action: Callable[[], None]) -> None:
        super().__init__(kernel)
        self.due = due
        """Instant in seconds of virtual time."""
        self._action: Callable[[], None] | None = action

    def ring(self) -> None:
        """Run the action, unless it was cancelled, and count as processed."""
        action, self._action = self._action, None
        waiting, self.callbacks = self.callbacks, None  # type: ignore[assignment]  # as simpy marks what is processed
        if action is not None:
            action()
        for callback in waiting:
            callback(self)

    def cancel(self) -> None:
        """Forget the action; without effect once it ran."""
        self._action = None


class Kernel(simpy.Environment):
    """The event queue of one world; starts at 0 s and never goes back."""

    if not TYPE_CHECKING:  # what simpy says of it holds; asked several times at each event, it has no frame of its own
        now = property(attrgetter("_now"))

    def __init__(self) -> None:
        super().__init__(0.0)
        self._stop = False
        self._numbers = self._eid
        self.faults: list[tuple[str, str]] = []
        """Who failed, and how: errors raised by device programs, not yet told to the controller."""

    def call_at(self, due: float, action: Callable[[], None]) -> Alarm:
        """Run ``action`` at the instant ``due`` (seconds), or next if that is past; equal instants keep their order."""
        if due < self._now:
            due = self._now
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
            event = queue[0][3]
            if type(event) is Alarm:  # all that the bench itself makes
                self._now = heappop(queue)[0]
                event.ring()
            else:
                self.step()
            if self._stop:
                return False
        self._now = until
        return True
