"""Reads the lab meter ten times a second while a scenario runs, and holds every reading against the rig's limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from hil.errors import RigFault
from hil.evidence.documents import Kind

if TYPE_CHECKING:
    from hil.clock import Clock, Timer
    from hil.ports import Meter, Reading
    from hil.rig.file import SafetyLimits
    from hil.rig.recorder import Recorder

SAMPLE_PERIOD_S = 0.1
"""The lab meter is read as often as it updates, 10 Hz, unless a scenario says that less will do."""


class Sampler:
    """Begins with ``start`` and goes on as long as somebody waits on the clock, until ``stop``.

    :param listener: gets each reading after it was recorded.
    :ivar period: seconds from one reading to the next; longer ones see less, and cost less.

    Raises RigFault, in whatever wait it happens, when a limit of the rig is exceeded (DESIGN §6).
    """

    def __init__(
        self,
        meter: Meter,
        clock: Clock,
        recorder: Recorder,
        limits: SafetyLimits,
        listener: Callable[[Reading], None],
    ) -> None:
        self._meter = meter
        self._clock = clock
        self._recorder = recorder
        self._limits = limits
        self._listener = listener
        self.period = SAMPLE_PERIOD_S
        self._timer: Timer | None = None
        self._due = 0.0
        self._read_at = -math.inf
        # the value averages over one update period, and may be as old as one more
        self._age = 2 * meter.update_period

    def start(self) -> None:
        self._due = self._clock.now()
        self._sample()

    def refresh(self) -> None:
        """Hand a reading to the listener if the meter has a newer value than the last one, for a counterpart that bills
        by this meter. It is none of the samples that the evidence tells of.
        """
        if self._clock.now() - self._read_at >= SAMPLE_PERIOD_S:
            self._listener(self._read())

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _sample(self) -> None:
        reading = self._read()
        data = {
            "voltage_V": reading.voltage,
            "current_A": reading.current,
            "power_W": reading.power,
            "energy_Wh": reading.energy,
        }
        self._recorder.write(Kind.READING, "meter", data, before=self._age)
        self._supervise(reading)
        self._listener(reading)
        # on a fixed grid, so that the time a reading takes adds no drift; a grid point that was missed is left out
        self._due += self.period
        while self._due <= self._clock.now():
            self._due += self.period
        self._timer = self._clock.call_at(self._due, self._sample)

    def _read(self) -> Reading:
        self._read_at = self._clock.now()
        return self._meter.read()

    def _supervise(self, reading: Reading) -> None:
        limits, now = self._limits, self._clock.now()
        most = math.inf if limits.current is None else limits.current
        within = reading.power <= limits.power and reading.energy <= limits.energy and now <= limits.session
        if within and reading.current <= most:
            return
        for name, value, limit, unit in (
            ("power", reading.power, limits.power, "W"),
            ("current", reading.current, most, "A"),
            ("energy", reading.energy, limits.energy, "Wh"),
            ("session time", now, limits.session, "s"),
        ):
            if value > limit:
                raise RigFault(
                    f"{name} of {value:g} {unit} exceeds the rig's limit of {limit:g} {unit}",
                    place="safety",
                    remedy="The bench was made safe; see limits in the rig file.",
                )
