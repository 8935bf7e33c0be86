"""The measuring half of a power analyzer: ranges, quantisation, integrator. Its errors: ``instrument_errors``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from hil.vbench.plant.terminals import MeterSample

VOLTAGE_RANGES: Final = (5.0, 15.0, 30.0, 60.0, 150.0, 300.0, 600.0)
"""V rms; ends from the research page, steps between them unverified."""

CURRENT_RANGES: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""A rms; ends from the research page, steps between them unverified."""

OVERLOAD: Final = 1.1
"""A reading above this multiple of its range is an overload (unverified)."""


@dataclass
class Ranging:
    """Range of one input: fixed, or the smallest that holds the value (auto).

    Auto-ranging picks the range before the value is formed, so it costs no reading; a real unit loses some.
    """

    ranges: tuple[float, ...]
    auto: bool = True
    crest_factor: int = 3
    selected: float = field(init=False)

    def __post_init__(self) -> None:
        self.selected = self.ranges[-1]

    def select(self, value: float) -> None:
        """Take the smallest range that holds ``value`` and leave it there."""
        self.auto = False
        self.selected = self.smallest(value)

    def smallest(self, value: float) -> float:
        """Return the smallest range that holds ``value``, the largest if none does."""
        return next((end for end in self.ranges if value <= end), self.ranges[-1])

    def overloaded(self, value: float) -> bool:
        """Choose the range in auto mode; tell whether ``value`` (rms) does not fit.

        The converter clips at a peak of three times the range; with crest factor 6 half the rms value fits.
        """
        room = OVERLOAD * 3 / self.crest_factor
        if self.auto:
            self.selected = self.smallest(value * self.crest_factor / 3)
        return value > self.selected * room


@lru_cache(maxsize=128)
def _decimals(end: float) -> int:
    return 4 - math.floor(math.log10(end))


def quantise(value: float, end: float) -> float:
    """Round to five significant digits of the range that ends at ``end``."""
    return round(value, _decimals(end))


class Reading(NamedTuple):
    """What the analyzer measured over one period; None stands for an overload."""

    voltage: float | None
    current: float | None
    power: float | None
    frequency: float
    """Hz; 0 if there is no voltage to lock to."""


@dataclass
class Integrator:
    """Sums measured power and current over the time between start and stop.

    A period in which it was started or stopped counts for the part that it ran, at the period's mean values; the
    sums move when the period ends, so the last part appears with the first update after ``stop``.
    """

    duration: float | None = None
    """Seconds after which it stops by itself; None if it runs until it is stopped."""
    time: float = 0.0
    """Seconds integrated."""
    watt_hours_positive: float = 0.0
    watt_hours_negative: float = 0.0
    ampere_hours_positive: float = 0.0
    ampere_hours_negative: float = 0.0
    _since: float | None = None
    _gated: float = 0.0

    @property
    def running(self) -> bool:
        """Whether it integrates now."""
        return self._since is not None

    def start(self, now: float) -> None:
        """Run on from the present sums; does nothing if it runs already."""
        if self._since is None:
            self._since = now

    def stop(self, now: float) -> None:
        """Hold the sums; does nothing if it does not run."""
        if self._since is not None:
            self._gated += max(0.0, now - self._since)  # a start may lie in the future
            self._since = None

    def reset(self) -> None:
        """Stop and set all sums to zero."""
        self._since = None
        self._gated = self.time = 0.0
        self.watt_hours_positive = self.watt_hours_negative = 0.0
        self.ampere_hours_positive = self.ampere_hours_negative = 0.0

    def update(self, sample: MeterSample, power: float, current: float) -> None:
        """Add the period that ended with ``sample``, at the measured ``power`` (W) and ``current`` (A)."""
        if self._since is not None and sample.t > self._since:  # a sample may be shown late, and be from before
            self._gated += sample.t - self._since
            self._since = sample.t
        seconds, self._gated = min(self._gated, sample.period), 0.0
        if self.duration is not None and self.time + seconds >= self.duration:
            seconds = max(0.0, self.duration - self.time)
            self._since = None
        if seconds <= 0.0:
            return
        self.time += seconds
        if power >= 0.0:
            self.watt_hours_positive += power * seconds / 3600.0
            self.ampere_hours_positive += current * seconds / 3600.0
        else:
            self.watt_hours_negative += power * seconds / 3600.0
            self.ampere_hours_negative += current * seconds / 3600.0
