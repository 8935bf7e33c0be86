"""What a virtual instrument gets wrong: gain, offset, noise and latency, drawn from the seed inside its data sheet.

Each may be set instead, as ``plant.meter_gain`` and so on of a rig file. Errors that are set inside the data sheet keep
the instrument inside it, exactly at a limit too; those that are set beyond make an instrument that is out of order.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Final

NOISE_OF_READING: Final = 4e-5
NOISE_OF_RANGE: Final = 1e-5
"""Standard deviation of one reading's noise, as fractions of reading and of range (u)."""

NOISE_CUT: Final = 4.0
"""Noise is cut off at this many standard deviations, so that the accuracy class is a limit and not a likelihood."""

DRAWN_OFFSET: Final = 0.8
"""The part of the class's share of range within which offsets are drawn; the rest is for noise and rounding."""

ROUNDING: Final = 5e-5
"""Largest rounding error that a display adds, as a fraction of the range: half of the fifth digit of a decade range."""

DRAWN_LATENCY: Final = 0.01
"""Seconds within which a meter's latency is drawn: from the end of an update to the reading that shows it (u)."""

LOAD_GAIN: Final = 1e-3
LOAD_OFFSET: Final = 1e-3
"""An electronic load draws what it was told within 0.1 % and 1 mA, and reads back what it draws within 0.1 % (u)."""

LOAD_LATENCY: Final = 0.002
"""Seconds within which the time from a command to its current is drawn (u)."""

DRAWN: Final = math.nan


@dataclass(frozen=True)
class GivenErrors:
    """Errors that are set; what is not a number is drawn. Gains as fractions of the reading, latencies in s."""

    voltage_gain: float = DRAWN
    voltage_offset: float = DRAWN
    """V."""
    current_gain: float = DRAWN
    current_offset: float = DRAWN
    """A."""
    power_gain: float = DRAWN
    power_offset: float = DRAWN
    """W."""
    power_noise: float = DRAWN
    """Standard deviation in W."""
    latency: float = DRAWN
    reactive_gain: float = DRAWN
    """Part of the reactive power that is taken for active."""


ALL_DRAWN: Final = GivenErrors()


@dataclass(frozen=True)
class AccuracyClass:
    """Limits of error of a data sheet: ± (``of_reading`` x reading + ``of_range`` x range).

    :param drawn_gain: largest gain error that is drawn; the rest of ``of_reading`` is for the noise.
    :param of_reactive: most of the reactive power that may be taken for active: the influence of the power factor.
    """

    of_reading: float
    of_range: float
    drawn_gain: float
    of_reactive: float = 0.0


class QuantityErrors:
    """The errors of one quantity of a meter.

    reading = (true + offset) / (1 - gain), so that gain is the part of the *reading* that a data sheet means.
    """

    def __init__(
        self, chance: random.Random, limits: AccuracyClass, gain: float, offset: float, noise: float = DRAWN
    ) -> None:
        drawn_gain = chance.uniform(-limits.drawn_gain, limits.drawn_gain)
        drawn_offset = chance.uniform(-DRAWN_OFFSET, DRAWN_OFFSET) * limits.of_range
        self._factor = 1.0 / (1.0 - (drawn_gain if math.isnan(gain) else gain))
        self._offset_of_range, self._offset = (drawn_offset, 0.0) if math.isnan(offset) else (0.0, offset)
        self._noise_of_reading, self._noise_of_range, self._noise = (
            (NOISE_OF_READING, NOISE_OF_RANGE, 0.0) if math.isnan(noise) else (0.0, 0.0, noise)
        )
        self._of_reading, self._of_range = limits.of_reading, limits.of_range
        self._gauss = chance.gauss

    def compensate(self) -> None:
        """Have no offset any more."""
        self._offset = self._offset_of_range = 0.0

    def steady(self, true: float, end: float) -> float:
        """Return what a reading would be without noise, on the range that ends at ``end``."""
        return (true + self._offset + self._offset_of_range * end) * self._factor

    def read(self, true: float, end: float) -> float:
        """Return a reading, not yet rounded. Noise takes none outside the data sheet that would be inside without."""
        steady = (true + self._offset + self._offset_of_range * end) * self._factor
        size = abs(steady)
        # comparisons, not min() and max(): three readings are formed ten times a second
        noise = self._gauss(0.0, 1.0)
        if not -NOISE_CUT <= noise <= NOISE_CUT:
            noise = math.copysign(NOISE_CUT, noise)
        reading = steady + noise * (self._noise_of_reading * size + self._noise_of_range * end + self._noise)
        limit = self._of_reading * size + self._of_range * end
        if abs(steady - true) > limit * (1 + 1e-9):
            return reading
        limit -= ROUNDING * end + self._of_reading * abs(reading - steady)
        least, most = true - limit, true + limit
        if reading > most:
            reading = most
        return least if reading < least else reading


class MeterErrors:
    """Turns true values into measured ones; the same seed and values give the same readings.

    :param seed: decides what is not given, and the noise.
    """

    def __init__(self, seed: str, limits: AccuracyClass, given: GivenErrors = ALL_DRAWN) -> None:
        chance = random.Random(seed)  # noqa: S311 - noise, not secrets
        self.voltage = QuantityErrors(chance, limits, given.voltage_gain, given.voltage_offset)
        self.current = QuantityErrors(chance, limits, given.current_gain, given.current_offset)
        self.power = QuantityErrors(chance, limits, given.power_gain, given.power_offset, given.power_noise)
        # of its own seed, so that what is drawn above is the same as without it
        drawn = random.Random(f"{seed}/reactive").uniform(-limits.of_reactive, limits.of_reactive)  # noqa: S311 - as above
        self._reactive_gain = drawn if math.isnan(given.reactive_gain) else given.reactive_gain

    def compensate(self) -> None:
        """Have no offset any more, until the next power-on."""
        for quantity in (self.voltage, self.current, self.power):
            quantity.compensate()

    def active(self, power: float, reactive: float) -> float:
        """Return active power in W as a phase error of the inputs lets it appear beside so much reactive power."""
        return power + self._reactive_gain * reactive if reactive else power


def latency(seed: str, given: float, most: float) -> float:
    """Return the latency in s: what is given, or drawn between 0 and ``most``."""
    drawn = random.Random(f"{seed}/latency").uniform(0.0, most)  # noqa: S311 - as above
    return drawn if math.isnan(given) else given


@dataclass(frozen=True)
class LoadErrors:
    """How an electronic load differs from what it is told and from what it says.

    :param gain: of what it draws; :param offset: A on top of that; :param reading_gain: of what it reads back.
    :param latency: seconds from a command to its current.
    """

    gain: float = 0.0
    offset: float = 0.0
    reading_gain: float = 0.0
    latency: float = 0.0

    @classmethod
    def drawn(cls, seed: str, given: LoadErrors) -> LoadErrors:
        """Return the errors of a load: what ``given`` does not set (nan) is drawn."""
        chance = random.Random(seed)  # noqa: S311 - as above

        def one(value: float, most: float) -> float:
            drawn = chance.uniform(-most, most)
            return drawn if math.isnan(value) else value

        return cls(
            one(given.gain, LOAD_GAIN),
            one(given.offset, LOAD_OFFSET),
            one(given.reading_gain, LOAD_GAIN),
            latency(seed, given.latency, LOAD_LATENCY),
        )


NO_ERRORS: Final = LoadErrors()
