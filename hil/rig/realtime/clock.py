"""The wall clock of a rig: it measures how late it hears of what happens, and says so in its bound."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from hil.clock import Arrival, WallClock
from hil.rig.realtime.arrivals import Arrivals
from hil.units import Second

if TYPE_CHECKING:
    from hil.clock import WallLine

REMEMBERED_TURNS = 10
"""A timer's lateness counts for so many further turns: one second of sampling."""


class RigClock(WallClock):
    """Everything of the rig but its meter happens in one thread, so whatever takes long there delays what follows.

    Bytes that wait meanwhile are noted by a thread (:mod:`hil.rig.realtime.arrivals`) and stamped with that instant.
    For what was not noted, the bound is the largest of: the floor of :class:`hil.clock.WallClock`; the time since the
    lines were last looked at, if something waited there when they were looked at again; how late the last timers rang.
    """

    def __init__(self) -> None:
        super().__init__()
        self._looked = self.now()
        self._late: deque[float] = deque([0.0], maxlen=REMEMBERED_TURNS)
        self.arrivals = Arrivals(self.now)
        self._largest = self.bound

    @property
    def largest_bound(self) -> Second:
        """See :class:`hil.clock.Clock`."""
        return self._largest

    def attach(self, line: WallLine) -> None:
        """Serve ``line`` from now on, and note when bytes arrive on it."""
        super().attach(line)
        self.arrivals.watch(line.fileno())

    def detach(self, line: WallLine) -> None:
        """Serve ``line`` no more, and note nothing of it."""
        super().detach(line)
        self.arrivals.forget(line.fileno())

    def close(self) -> None:
        """Serve nothing any more."""
        self.arrivals.close()

    def _pass_time(self, until: float) -> None:
        self.on_idle()
        asked = self.now()
        ready = self._selector.select(max(0.0, until - asked))
        answered = self.now()
        if answered >= until:
            self._late.append(answered - until)
        # what did not have to be waited for may have come at any time since the last look
        before, since = self._looked, answered if answered - asked > WallClock.bound else self._looked
        self._looked = answered
        for key, _ in ready:
            noted = self.arrivals.take(key.fd)
            if noted is not None:
                first, last = noted
                bound = max(WallClock.bound, self.arrivals.lateness)
                # the loop itself saw nothing there at its last look
                self.arrival = Arrival(last, Second(last - max(first, min(before, last))), Second(bound))
                since = answered
            self.bound = Second(max(WallClock.bound, self.now() - since, *self._late))
            self._largest = max(self._largest, self.bound)
            key.data.on_readable()
            self.arrival = None
            self.arrivals.was_read(key.fd)
        self.bound = Second(max(WallClock.bound, *self._late))
        self._largest = max(self._largest, self.bound)
