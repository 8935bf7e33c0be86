"""A current transformer before the lab meter: its ratio, and by how much its secondary current may be wrong.

Its accuracy class limits the ratio error and the phase displacement at some parts of the rated primary current (IEC
61869-2:2012, 5.6.201.3, tables 201 and 202). From one of these currents to the next the limits of the lower one are
taken. Below the lowest the standard says nothing: there the error in amperes is taken to be at most that at the lowest,
since the current that magnetises the core falls with its flux (docs/decisions/0033).

Both errors are taken as straight lines over the current, which lie nowhere below these limits: what holds for each
instant then holds for an energy too, whose current may have changed from one instant to the next.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.evidence.uncertainty import Budget

MINUTE = math.radians(1 / 60)
"""A minute of arc, the unit of phase displacement in the standard."""

MOST = 1.2
"""Part of the rated current up to which a class holds: 120 % (tables 201 and 202)."""

NOMINAL_V = 230.0
"""At this voltage the current of an energy is reckoned, to choose the line that is tightest there; any line holds."""


class Limit(NamedTuple):
    """From ``part`` of the rated current on: the ratio error in percent, the phase displacement in minutes."""

    part: float
    ratio_error: float
    displacement: float


def _table(*rows: tuple[float, float, float]) -> tuple[Limit, ...]:
    return tuple(Limit(percent / 100, error, minutes) for percent, error, minutes in rows)


CLASSES = {
    "0.1": _table((5, 0.4, 15), (20, 0.2, 8), (100, 0.1, 5)),
    "0.2": _table((5, 0.75, 30), (20, 0.35, 15), (100, 0.2, 10)),
    "0.2S": _table((1, 0.75, 30), (5, 0.35, 15), (20, 0.2, 10)),
    "0.5": _table((5, 1.5, 90), (20, 0.75, 45), (100, 0.5, 30)),
    "0.5S": _table((1, 1.5, 90), (5, 0.75, 45), (20, 0.5, 30)),
    "1": _table((5, 3.0, 180), (20, 1.5, 90), (100, 1.0, 60)),
}
"""Measuring classes of IEC 61869-2:2012, table 201 and (S) table 202. Classes 3 and 5 limit no phase displacement."""


class Line(NamedTuple):
    """A limit of error: ``slope`` x current + ``offset``, in A (or A x rad) of the primary."""

    slope: float
    offset: float


@dataclass(frozen=True)
class CurrentTransformer:
    """Stands between the circuit and the meter's current input.

    :param ratio: primary over secondary current.
    :param rated: rated primary current in A.
    :param limits: of error, the lowest current first.
    :param source: of them, with its class or certificate.
    """

    ratio: float
    rated: float
    limits: tuple[Limit, ...]
    source: str

    def plain(self, budget: Budget) -> Budget:
        """Return the budget of a value of the secondary circuit for the same of the primary."""
        parts = tuple(replace(each, half_width=each.half_width * self.ratio) for each in budget.components)
        return replace(budget, components=parts, correction=budget.correction * self.ratio)

    def of_current(self, budget: Budget, current: float) -> Budget:
        """Return ``budget`` of a primary current in A with what the transformer adds."""
        error = _certain(self._ratio_line(current), abs(current) + budget.expanded)
        return budget.plus("ratio of the current transformer", error, self.source)

    def of_active(
        self, budget: Budget, active: float, most: float, extent: float, volts: float, *, steady: bool
    ) -> Budget:
        """Return ``budget`` of an active power or energy of the primary circuit with what the transformer adds.

        See :class:`hil.evidence.uncertainty.Transformer`. Where the current may have changed meanwhile, its active and
        its reactive part are not known for each instant. Since the curve above the limits is concave, the line at the
        mean of each holds (Jensen's inequality).
        """
        often, read = volts * extent, active + budget.expanded
        ratio = self._ratio_line(_mean_current(most if steady else read, extent))
        certainly = min(1.0, read / most) if steady and most else 1.0
        error = _certain(Line(ratio.slope, ratio.offset * often * certainly), read)
        largest = most + _certain(Line(ratio.slope, ratio.offset * often), most)
        least = max(0.0, active - budget.expanded - error)
        reactive = math.sqrt(max(0.0, largest * largest - least * least))
        phase = self._phase_line(_mean_current(largest if steady else reactive, extent))
        shifted = phase.slope * reactive + phase.offset * often * (reactive / largest if steady and largest else 1.0)
        # the cosine of the displacement takes a little of what is active, too: half of its square
        shifted += self.limits[0].displacement * MINUTE / 2 * (phase.slope * largest + phase.offset * often)
        with_ratio = budget.plus("ratio of the current transformer", error, self.source)
        return with_ratio.plus("phase displacement of the current transformer", shifted, self.source)

    def _ratio_line(self, current: float) -> Line:
        return self._line(self._ratio_corners, current)

    def _phase_line(self, current: float) -> Line:
        return self._line(self._phase_corners, current)

    @cached_property
    def _ratio_corners(self) -> list[tuple[float, float]]:
        return _corners([(each.part, each.ratio_error / 100) for each in self.limits])

    @cached_property
    def _phase_corners(self) -> list[tuple[float, float]]:
        return _corners([(each.part, each.displacement * MINUTE) for each in self.limits])

    def _line(self, corners: list[tuple[float, float]], current: float) -> Line:
        """Return the line above all limits that is tightest at ``current`` (A)."""
        part = abs(current) / self.rated
        place = next((n for n, (end, _) in enumerate(corners[1:], 1) if part <= end), len(corners) - 1)
        (start, low), (end, high) = corners[place - 1], corners[place]
        slope = (high - low) / (end - start)
        return Line(slope, (low - slope * start) * self.rated)


def _corners(limits: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the corners of the lowest concave rising curve above the steps of an error, as parts of the rated current.

    :param limits: from which part on the error is which fraction of the current.
    """
    first, error = limits[0]
    points = [(0.0, error * first), (first, error * first)]
    ends = [part for part, _ in limits[1:]] + [MOST]
    points += [(end, fraction * end) for (_, fraction), end in zip(limits, ends, strict=True)]
    highest = max(height for _, height in points)
    points[-1] = (MOST, highest)
    hull: list[tuple[float, float]] = []
    for point in points:
        while len(hull) > 1 and _turns_up(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _turns_up(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[1] - a[1]) * (c[0] - b[0]) <= (c[1] - b[1]) * (b[0] - a[0])


def _mean_current(amount: float, extent: float) -> float:
    """Return the current of a power in W or VA (energy in Wh or VAh, with its hours) at the nominal voltage."""
    return amount / extent / NOMINAL_V if extent > 0 else 0.0


def _certain(line: Line, read: float) -> float:
    """Return by how much what was read may differ from what is true, of which the line tells the error."""
    return (line.slope * read + line.offset) / (1 - line.slope)
