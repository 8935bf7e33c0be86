"""The wall clock of a rig: it measures how late it hears of what happens, and says so in its bound."""

from __future__ import annotations

from collections import deque

from hil.clock import WallClock
from hil.units import Second

REMEMBERED_TURNS = 10
"""A timer's lateness counts for so many further turns: one second of sampling."""


class RigClock(WallClock):
    """Everything of the rig happens in one thread, so whatever takes long there delays the stamps of what follows.

    The bound is the largest of: the floor of :class:`hil.clock.WallClock`; the time since the lines were last looked
    at, if something waited there when they were looked at again; how late the last timers rang.
    """

    def __init__(self) -> None:
        super().__init__()
        self._looked = self.now()
        self._late: deque[float] = deque([0.0], maxlen=REMEMBERED_TURNS)

    def _pass_time(self, until: float) -> None:
        self.meanwhile()
        asked = self.now()
        ready = self._selector.select(max(0.0, until - asked))
        answered = self.now()
        if answered >= until:
            self._late.append(answered - until)
        # what did not have to be waited for may have come at any time since the last look
        since = answered if answered - asked > WallClock.bound else self._looked
        self._looked = answered
        for key, _ in ready:
            self.bound = Second(max(WallClock.bound, self.now() - since, *self._late))
            key.data.on_readable()
        self.bound = Second(max(WallClock.bound, *self._late))
