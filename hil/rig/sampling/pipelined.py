"""Sampling in lockstep without a stop for each sample: the meter is asked some instants ahead.

A turn of lockstep costs more than all that is done with a sample. So the queries of the next second are sent at
once, the bench lets each reach the meter at its instant, and the answers are taken when time has passed. The evidence
is the same. Code that acts on a reading would do so up to a second late: it asks for ``closely``, and then each reading
is handed over at its instant; or it follows the voltage, and then the readings at its edges are.
"""

from __future__ import annotations

import contextlib
import math
from collections import deque
from typing import TYPE_CHECKING

from hil.errors import RigFault
from hil.evidence.event_intervals import DEAD_V
from hil.rig.recorder import Stamp
from hil.rig.sampling.timer import SAMPLE_PERIOD_S, Readings, next_due, reading_age

if TYPE_CHECKING:
    from hil.ports import PipelinedMeter
    from hil.rig.virtual.client import VirtualBenchClient
    from hil.rig.virtual.lockstep_clock import LockstepClock

AHEAD = 12
"""Most questions that are under way: a second's and two, so that time need not stop just before a second is full, at
which a socket says how much it has delivered anyway."""


class PipelinedSampler:
    """See :class:`hil.rig.sampling.timer.Sampling` and the module's docstring."""

    def __init__(
        self, meter: PipelinedMeter, clock: LockstepClock, bench: VirtualBenchClient, readings: Readings
    ) -> None:
        self._meter = meter
        self._clock = clock
        self._bench = bench
        self._readings = readings
        self._asked: deque[float] = deque()
        """Instants of the questions that have not reached the meter."""
        self._new = 0
        """How many of them are still to be sent."""
        self._due = 0.0
        self._read_at = -math.inf
        self._in_step = True
        """Whether each question that reached the meter had its answer taken; not known while time passes."""
        self._age = 0.0
        self.period = SAMPLE_PERIOD_S
        self.closely = False

    def start(self) -> None:
        """See :class:`hil.rig.sampling.timer.Sampling`."""
        self._age = reading_age(self._meter)
        self._due = self._read_at = self._clock.now()
        self._readings.take(self._meter.read(), self._age)
        self._due = next_due(self._due, self._due, self.period)
        self._clock.serve_scheduler(self._bench, self)

    def follow_voltage(self) -> None:
        """See :class:`hil.rig.sampling.timer.Sampling`."""
        self._bench.stop_at_edges(DEAD_V)

    def refresh(self) -> None:
        """See :class:`hil.rig.sampling.timer.Sampling`."""
        if (now := self._clock.now()) - self._read_at >= SAMPLE_PERIOD_S:
            self._read_at = now
            self._readings.pass_on(self._meter.read(), now)

    def stop(self) -> None:
        """See :class:`hil.rig.sampling.timer.Sampling`."""
        self._clock.serve_scheduler(self._bench, None)
        if not self._in_step:
            self._meter.give_up()
        if self._asked:
            self._asked.clear()
            with contextlib.suppress(RigFault):  # a bench that is gone has nothing under way
                self._bench.withdraw()

    def ended(self, timeout: float) -> bool:
        """Return True: nothing runs on its own."""
        return True

    # --- what the clock asks ---------------------------------------------------------------------------------------

    def plan(self, until: float) -> tuple[float, list[float]]:
        """See :class:`hil.rig.virtual.lockstep_clock.QueryScheduler`."""
        self._in_step = False
        most = 1 if self.closely else AHEAD
        new = []
        while len(self._asked) < most and self._due <= until:
            new.append(self._due)
            self._asked.append(self._due)
            self._due = next_due(self._due, self._due, self.period)
        self._new = len(new)
        if len(self._asked) >= most:
            until = min(until, self._asked[most - 1])
        return until, new

    def ask(self) -> None:
        """See :class:`hil.rig.virtual.lockstep_clock.QueryScheduler`."""
        self._meter.ask(self._new)

    def take(self, delivered: int) -> None:
        """See :class:`hil.rig.virtual.lockstep_clock.QueryScheduler`."""
        if not delivered:
            self._in_step = True
            return
        instants = [self._asked.popleft() for _ in range(delivered)]
        answers = self._meter.answers(delivered)
        self._in_step = True
        for instant, reading in zip(instants, answers, strict=True):
            self._read_at = instant
            self._readings.take(reading, self._age, Stamp(instant, self._clock.bound))
