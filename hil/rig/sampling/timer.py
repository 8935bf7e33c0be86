"""Reads the lab meter ten times a second while a scenario runs, and holds every reading against the rig's limits.

In virtual time the clock's own timer reads it, or it is asked ahead (:mod:`hil.rig.sampling.pipelined`). On the wall
clock a thread does (:mod:`hil.rig.sampling.threaded`): a meter that takes its time must not delay the stamp of a link
byte.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from hil.errors import RigFault
from hil.evidence.documents import Kind

if TYPE_CHECKING:
    from hil.clock import Clock, Timer
    from hil.ports import Meter, Reading
    from hil.rig.config.limits import SafetyLimits
    from hil.rig.recorder import Recorder, Stamp

SAMPLE_PERIOD_S = 0.1
"""The lab meter is read as often as it updates, 10 Hz, unless a scenario says that less will do."""

LATENCY_S = 0.02
"""From the end of an update to the reading that shows it: a fifth of the shortest update period (u). A meter whose
integrated time tells that it takes longer is believed."""


class Sampling(Protocol):
    """Begins with ``start`` and goes on as long as somebody waits on the clock, until ``stop``.

    A reading that cannot be had, or is beyond a limit, is a RigFault in whatever wait it happens.
    """

    period: float
    """Seconds between two readings in the evidence; longer ones see less, and cost less."""

    closely: bool
    """Whether each reading is handed over at its instant; if not, some may come together, up to a second late."""

    def start(self) -> None:
        """Take the first reading now, the others once a period."""

    def follow_voltage(self) -> None:
        """From now on hand over the readings right after the voltage came or went at their instants, at least."""

    def refresh(self) -> None:
        """See to it that the listener knows the meter's present value, for a counterpart that bills by this meter.

        It is none of the samples that the evidence tells of.
        """

    def stop(self) -> None:
        """Take no reading from now on; returns at once and never raises, whatever the meter does."""

    def ended(self, timeout: float) -> bool:
        """After ``stop``: tell whether nothing asks the meter any more; waits for that up to ``timeout`` seconds."""


class ReadingWatch(Protocol):
    """Looks whether a meter still measures; see :mod:`hil.rig.safety.meter_plausibility`."""

    def age(self, reading: Reading, now: float) -> float:
        """Return by how many seconds the reading is older than ``now``, as far as the meter itself tells it."""

    def check(self, reading: Reading, now: float) -> None:
        """Raise RigFault if the reading cannot be true."""


class Readings:
    """What becomes of each reading: it is recorded, held against the rig's limits, and told to a listener.

    :param listener: gets each reading after it was recorded, and the instant at which it was read.
    :param watch: looks whether the meter still measures.
    """

    def __init__(
        self,
        clock: Clock,
        recorder: Recorder,
        limits: SafetyLimits,
        listener: Callable[[Reading, float], None],
        watch: ReadingWatch | None = None,
    ) -> None:
        self._clock = clock
        self._recorder = recorder
        self._limits = limits
        self._most_current = math.inf if limits.current is None else limits.current
        self._watch = watch
        self._listener = listener

    def take(self, reading: Reading, age: float, stamp: Stamp | None = None) -> None:
        """Record a reading that is new, and pass it on; raises RigFault when a limit is exceeded (docs/safety.md).

        :param age: by how many seconds what it tells may be older than the instant at which it was read; if the meter
            itself says that it is older, that goes into the evidence.
        :param stamp: that instant, if it is not now.
        """
        data = {
            "voltage_V": reading.voltage,
            "current_A": reading.current,
            "power_W": reading.power,
            "energy_Wh": reading.energy,
        }
        read_at = self._clock.now() if stamp is None else stamp.t
        if self._watch is not None:
            age = max(age, self._watch.age(reading, read_at))
        self._recorder.observe(Kind.READING, "meter", data, before=age, stamp=stamp)
        self.pass_on(reading, read_at)

    def pass_on(self, reading: Reading, read_at: float) -> None:
        """Do the same without a record of it."""
        if self._watch is not None:
            self._watch.check(reading, read_at)
        self._supervise(reading)
        self._listener(reading, read_at)

    def _supervise(self, reading: Reading) -> None:
        limits, most, now = self._limits, self._most_current, self._clock.now()
        within = reading.power <= limits.power and reading.energy <= limits.energy and now <= limits.session
        if within and reading.current <= most and reading.power >= -limits.power:
            return
        for name, value, limit, unit in (
            ("power", abs(reading.power), limits.power, "W"),
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


class Sampler:
    """Reads by the clock's timer, in virtual time: a query takes none of it."""

    def __init__(self, meter: Meter, clock: Clock, readings: Readings) -> None:
        self._meter = meter
        self._clock = clock
        self._readings = readings
        self._timer: Timer | None = None
        self._due = 0.0
        self.period = SAMPLE_PERIOD_S
        self.closely = True
        self._read_at = -math.inf
        self._age = 0.0

    def start(self) -> None:
        """See :class:`Sampling`."""
        self._age = reading_age(self._meter)
        self._due = self._clock.now()
        self._sample()

    def stop(self) -> None:
        """See :class:`Sampling`."""
        if self._timer is not None:
            self._timer.cancel()

    def ended(self, timeout: float) -> bool:
        """Return True: nothing runs on its own."""
        return True

    def follow_voltage(self) -> None:
        """Do nothing: each reading is handed over at its instant."""

    def refresh(self) -> None:
        """See :class:`Sampling`."""
        if self._clock.now() - self._read_at >= SAMPLE_PERIOD_S:
            self._readings.pass_on(self._read(), self._clock.now())

    def _read(self) -> Reading:
        self._read_at = self._clock.now()
        return self._meter.read()

    def _sample(self) -> None:
        self._readings.take(self._read(), self._age)
        self._due = next_due(self._due, self._clock.now(), self.period)
        self._timer = self._clock.call_at(self._due, self._sample)


def reading_age(meter: Meter) -> float:
    """Return how old, in seconds, what a reading tells may be: the mean of a period, held for as long as one more."""
    return 2 * float(meter.update_period) + LATENCY_S


def update_known_s(meter: Meter) -> float:
    """Return how closely, in seconds, the end of an update is known: to a period, a reading's latency and a hundredth.

    The hundredth is for what the share of voltage in an update is uncertain by.
    """
    return 1.01 * float(meter.update_period) + LATENCY_S


def next_due(due: float, now: float, period: float) -> float:
    """Return the next instant to read at.

    On a fixed grid, so that the time a reading takes adds no drift; a grid point that was missed is left out.
    """
    due += period
    while due <= now:
        due += period
    return due
