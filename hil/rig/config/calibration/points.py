"""What a calibration certificate has measured, point by point: deviations with their uncertainty, interpolated."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from hil.evidence.uncertainty import COVERAGE, LEAST_COVERAGE, MOST_COVERAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hil.evidence.uncertainty import Budget, CertifiedUncertainty


class Point(NamedTuple):
    """One point of a calibration, in the unit of its quantity.

    :ivar shown: what the instrument indicated.
    :ivar deviation: by how much that is more than the reference.
    :ivar expanded: U of the deviation; ``k``: the coverage factor that counts for it.
    """

    shown: float
    deviation: float
    expanded: float
    k: float

    @property
    def half_width(self) -> float:
        """U at the project's own k."""
        return self.expanded * COVERAGE / self.k

    @classmethod
    def found(cls, shown: float, deviation: float, expanded: float, k: float, probability: float) -> Point:
        """Return a point with the k that counts; raises ValueError for one that no calibration can have found.

        With few degrees of freedom a large k covers no more than 95 %, and U is not less certain than it says. So no
        k counts for more than that of a normal distribution which covers as much, or 2 (JCGM 100:2008, G.3).
        """
        numbers = (shown, deviation, expanded, k, probability)
        certain = expanded > 0 and LEAST_COVERAGE <= k <= MOST_COVERAGE and 0 < probability <= 1
        if not (all(map(math.isfinite, numbers)) and certain):
            of = f"a deviation of {deviation:g}, U {expanded:g}, k {k:g} and a probability of {probability:g}"
            allowed = f"U is above 0, k from {LEAST_COVERAGE:g} to {MOST_COVERAGE:g}, the probability up to 1"
            raise ValueError(f"a point at {shown:g} with {of} cannot be; {allowed}")
        normal = math.inf if probability == 1 else NormalDist().inv_cdf((1 + probability) / 2)
        return cls(shown, deviation, expanded, min(k, max(COVERAGE, normal)))


@dataclass(frozen=True)
class Curve:
    """The points of one quantity under the same conditions, the lowest first; at least one, none below zero.

    Between two points deviation and U are those of the straight line. Below the lowest they are its own; above the
    highest they grow with the value.
    """

    points: tuple[Point, ...]

    def deviation(self, value: float) -> float:
        """Return by how much an instrument that shows ``value`` shows too much."""
        return self._at(value, [each.deviation for each in self.points])

    def half_width(self, value: float) -> float:
        """Return U of that, at the project's k."""
        return self._at(value, [each.half_width for each in self.points])

    def gap(self, value: float) -> float:
        """Return half of the difference of the deviations on either side of ``value``: the line is a guess."""
        place = bisect_left([each.shown for each in self.points], value)
        if place in {0, len(self.points)}:
            return 0.0
        return abs(self.points[place].deviation - self.points[place - 1].deviation) / 2

    def spread(self, value: float) -> float:
        """Return by how much the deviation of any point differs from that at ``value``."""
        here = self.deviation(value)
        return max(abs(each.deviation - here) for each in self.points)

    def _at(self, value: float, heights: list[float]) -> float:
        places = [each.shown for each in self.points]
        after = bisect_left(places, value)
        if after == 0:
            return heights[0]
        if after == len(places):
            return heights[-1] * value / places[-1] if places[-1] > 0 else heights[-1]
        low, high = places[after - 1], places[after]
        part = (value - low) / (high - low)
        return heights[after - 1] + part * (heights[after] - heights[after - 1])


QUANTITIES: Mapping[str, str] = {"W": "W", "Wh": "W", "V": "V", "A": "A"}
"""The unit of the curve that counts for a budget in this unit: an energy is a power over time."""

ACCURACY = ("accuracy of reading", "accuracy of range")
"""The parts of a budget that hold what a certificate has measured, as their maker limits it."""


@dataclass(frozen=True)
class CertifiedPoints:
    """What a certificate says of an instrument.

    :param certificate: its number.
    :param curves: by unit: W, V, A; one for each set of conditions, such as power factors, and each of them may be the
        one that counts. A quantity without one keeps its maker's limits, and nothing is added.
    :param drift: by how much the instrument may have drifted since; None: its deviations are not corrected.
    """

    certificate: str
    curves: Mapping[str, tuple[Curve, ...]]
    drift: CertifiedUncertainty | None = None

    def applied(self, budget: Budget, value: float, extent: float) -> Budget:
        """Return ``budget`` with what the certificate says of ``value``, a reading that is not negative.

        Without correction the maker's limits hold what was measured, as long as it was within them; what was beyond
        counts on top. With correction the deviation is subtracted, and U, drift and the way between two points stand
        in the place of the maker's accuracy. Of several curves the largest deviation and U count; a correction is by
        the middle of their deviations.

        :param extent: how many hours an energy covers, 1 for any other quantity.
        """
        curves = self.curves.get(QUANTITIES.get(budget.unit, ""), ())
        if not curves:
            return budget
        source = f"certificate {self.certificate}"
        shown = value / extent if extent else 0.0
        deviations = [each.deviation(shown) * extent for each in curves]
        calibrated = budget.plus("calibration", max(each.half_width(shown) for each in curves) * extent, source)
        if self.drift is None:
            allowed = sum(budget.part(name) for name in ACCURACY)
            beyond = max(0.0, max(map(abs, deviations)) - allowed)
            return calibrated.plus("deviation beyond the maker's limits", beyond, source)
        since = "the rig file: since the calibration"
        drifted = self.drift.of_reading * value + (self.drift.constant * extent if budget.unit in {"W", "Wh"} else 0.0)
        corrected = calibrated.without(*ACCURACY).plus("drift", drifted, since)
        corrected = corrected.plus("between two points", max(each.gap(shown) for each in curves) * extent, source)
        apart = (max(deviations) - min(deviations)) / 2
        corrected = corrected.plus("conditions of the calibration", apart, source)
        if budget.unit == "Wh":
            varying = max(each.spread(shown) for each in curves)
            corrected = corrected.plus("load that varies", varying * extent, source)
        return corrected.corrected(-(max(deviations) + min(deviations)) / 2)
