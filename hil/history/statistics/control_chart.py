"""The control chart for individual values and moving ranges, and the Western Electric rules.

Source of the limits: NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2 "Individuals Control Charts". Source of
the rules: Western Electric, Statistical Quality Control Handbook (1956), as in 6.3.2 of the same.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

D2 = 1.128
"""Mean range of two values of a normal distribution, in standard deviations (NIST 6.3.2.2)."""

D4 = 3.267
"""Upper limit of the range of two values, as a multiple of its mean (NIST 6.3.2.1, table of factors)."""


@dataclass(frozen=True)
class ControlLimits:
    """The limits that a process keeps by itself; they have nothing to do with what is required of it.

    :ivar sigma: standard deviation from one value to the next, from the mean moving range.
    :ivar count: values from which they come.
    """

    center: float
    sigma: float
    moving_range: float
    count: int

    @property
    def lower(self) -> float:
        """Three standard deviations below the center."""
        return self.center - 3 * self.sigma

    @property
    def upper(self) -> float:
        """Three standard deviations above the center."""
        return self.center + 3 * self.sigma

    @property
    def range_upper(self) -> float:
        """The upper limit of the moving range; the lower is 0."""
        return D4 * self.moving_range


def moving_ranges(values: Sequence[float]) -> list[float]:
    """Return how far each value but the first is from the one before."""
    return [abs(after - before) for before, after in itertools.pairwise(values)]


def control_limits(values: Sequence[float]) -> ControlLimits | None:
    """Return the limits from these values in their order; None if there are fewer than two, or all are equal."""
    ranges = moving_ranges(values)
    if not ranges or not (mean := fmean(ranges)):
        return None
    return ControlLimits(fmean(values), mean / D2, mean, len(values))


class Rule(enum.Enum):
    """The four rules: so many of so many values in a row lie beyond so many standard deviations, on one side."""

    BEYOND_3 = (1, 1, 3.0)
    TWO_OF_3_BEYOND_2 = (2, 3, 2.0)
    FOUR_OF_5_BEYOND_1 = (4, 5, 1.0)
    EIGHT_ON_ONE_SIDE = (8, 8, 0.0)

    @property
    def words(self) -> str:
        """The rule as a sentence of the report."""
        few, many, sigmas = self.value
        if self is Rule.BEYOND_3:
            return "a value beyond 3 standard deviations"
        if self is Rule.EIGHT_ON_ONE_SIDE:
            return "8 values in a row on one side of the center"
        return f"{few} of {many} values in a row beyond {sigmas:g} standard deviation{'' if sigmas == 1 else 's'}"


@dataclass(frozen=True)
class Signal:
    """A rule that a value completes.

    :ivar index: of that value.
    :ivar above: the side on which the values lie.
    """

    rule: Rule
    index: int
    above: bool


def signals(values: Sequence[float], limits: ControlLimits) -> list[Signal]:
    """Return every signal of the rules, in the order of the values."""
    distances = [(value - limits.center) / limits.sigma for value in values]
    found = []
    for index, distance in enumerate(distances):
        for rule in Rule:
            few, many, sigmas = rule.value
            # a value that is not beyond the zone itself completes nothing: what lies before it was a signal already
            for above in (True, False):
                sign = 1 if above else -1
                if sign * distance <= sigmas:
                    continue
                window = distances[max(0, index - many + 1) : index + 1]
                if sum(sign * each > sigmas for each in window) >= few:
                    found.append(Signal(rule, index, above))
    return found
