"""Finds out how often the lab meter updates before a scenario relies on it, and lets the rig reckon with that."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from hil.conformance.update_period import UpdateProbe, Updates, look_closely
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.units import Second

if TYPE_CHECKING:
    from hil.clock import Clock
    from hil.ports import Meter, PipelinedMeter
    from hil.rig.virtual.client import VirtualBenchClient

AT_ONCE = 40
"""Questions that are sent together: four update periods."""


def observe_updates(meter: Meter, clock: Clock, stated: Second, bench: VirtualBenchClient | None = None) -> Updates:
    """Watch the meter for some update periods and return what was seen; its ``update_period`` is reckoned with after.

    It takes 0.4 s of the bench's time, and ends right after an update: readings that are taken in its step from then on
    are as new as they can be. Raises RigFault for a meter that is too slow for any bench, or stands.

    :param stated: the update period that the meter's driver states.
    :param bench: the one whose own meter it is, if it can be asked ahead.
    """
    meter.update_period = stated
    if bench is not None and isinstance(clock, LockstepClock) and bench.has(meter):
        probe = _ProbeScheduler(meter, clock, bench).probe
    else:
        probe = look_closely(meter, clock.now, clock.sleep)
    updates = probe.result()
    meter.update_period = Second(updates.period)
    if not updates.slow:
        periods = math.ceil((clock.now() - probe.shown_at) / stated)
        clock.sleep(max(0.0, probe.shown_at + periods * stated - clock.now()))
    return updates


class _ProbeScheduler:
    """Implements :class:`hil.rig.virtual.lockstep_clock.QueryScheduler`: an advance costs more than many queries."""

    def __init__(self, meter: PipelinedMeter, clock: LockstepClock, bench: VirtualBenchClient) -> None:
        self.probe = UpdateProbe(float(meter.update_period))
        self._meter = meter
        self._asked: deque[float] = deque()
        self._new: list[float] = []
        while not self.probe.done:
            now = clock.now()
            self._new = [now + number * self.probe.step for number in range(1, AT_ONCE + 1)]
            clock.serve_scheduler(bench, self)
            try:
                clock.sleep(self._new[-1] - now)
            finally:
                clock.serve_scheduler(bench, None)

    def plan(self, until: float) -> tuple[float, list[float]]:
        self._asked += self._new
        return until, self._new

    def ask(self) -> None:
        self._meter.ask(len(self._new))

    def take(self, delivered: int) -> None:
        self._new = []
        if delivered:
            for reading in self._meter.answers(delivered):
                instant = self._asked.popleft()
                if not self.probe.done:
                    self.probe.see(reading, instant, instant)
