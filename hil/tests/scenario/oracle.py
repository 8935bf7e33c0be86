"""The oracle: draws a truth, lets the measurements see it as a meter and a line would, and holds their verdict to it.

A measurement may never pass when the truth is outside its limit, never fail when it is inside, and may be inconclusive
only while the truth is closer to the limit than the width that the measurement states. Each kind of draw is a set of
named parameters, so that a counterexample can be made simpler, one parameter after the other.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.evidence.documents import Verdict

if TYPE_CHECKING:
    from hil.evidence.limits import Finding
    from hil.scenario.check import Check
    from hil.tests.scenario.timelines import Scene

ROUNDING = 1e-6
"""What sums of decimal fractions may be off by, in the unit of the measurement."""


@dataclass(frozen=True)
class Number:
    """A parameter that is drawn evenly from ``low`` to ``high``; half of the draws are rounded to hundredths."""

    low: float
    high: float

    @property
    def simplest(self) -> float:
        return self.low

    def draw(self, chance: random.Random) -> float:
        value = chance.uniform(self.low, self.high)
        return value if chance.random() < 0.5 else min(self.high, max(self.low, round(value, 2)))


@dataclass(frozen=True)
class Option:
    """A parameter that is one of these, the simplest first."""

    values: tuple[float, ...]

    @property
    def simplest(self) -> float:
        return self.values[0]

    def draw(self, chance: random.Random) -> float:
        return chance.choice(self.values)


Domain = Mapping[str, Number | Option]
Parameters = Mapping[str, float]


@dataclass(frozen=True)
class Case:
    """A truth, and what is measured of it.

    :param truth: the value that a measurement without any error would have, at least and at most: what is asked for
        while the bench is watched may change in that time.
    :param width: how far from the limit the truth may be at most for *inconclusive*.
    """

    scene: Scene
    check: Check
    truth: Callable[[], tuple[float, float]]
    width: float


@dataclass(frozen=True)
class Kind:
    """A way to draw a truth for a measurement."""

    name: str
    domain: Domain
    build: Callable[[Parameters], Case] = field(repr=False)

    def draw(self, chance: random.Random) -> Parameters:
        return {name: each.draw(chance) for name, each in self.domain.items()}

    def complaint(self, parameters: Parameters) -> str:
        """Return what is wrong with the verdict about this truth; empty if nothing is."""
        case = self.build(parameters)
        finding = case.check.take(case.scene.observer)
        low, high = case.truth()
        limit = finding.measurement.limit
        wrong = self._wrong(finding, low, high, case.width)
        return f"{wrong}; truth {low:.6g} … {high:.6g} {limit.unit}, limit {limit}: {finding}" if wrong else ""

    def _wrong(self, finding: Finding, low: float, high: float, width: float) -> str:
        """Return what is wrong with a finding if the truth is ``low`` to ``high``; empty if nothing is."""
        limit, observed = finding.measurement.limit, finding.observed
        if observed is not None and (observed.low > high + ROUNDING or observed.high < low - ROUNDING):
            return f"the truth is outside of {observed.low:.6g} … {observed.high:.6g}"
        inside = min(limit.margin(low, low), limit.margin(high, high))
        outside = max(limit.margin(low, low), limit.margin(high, high))
        if finding.verdict is Verdict.PASS and outside < -ROUNDING:
            return "passes wrongly"
        if finding.verdict is Verdict.FAIL and inside > ROUNDING:
            return "fails wrongly"
        if finding.verdict is Verdict.INCONCLUSIVE and (inside > width or outside < -width):
            return f"does not decide, stated width {width:.6g}"
        return ""

    def simplified(self, parameters: Parameters) -> Parameters:
        """Return a counterexample with as many parameters as can be at their simplest, or rounder than they were."""
        found = dict(parameters)
        for name in (*self.domain, *self.domain):
            simpler = ({**found, name: value} for value in self._simpler(name, found[name]))
            found = next((each for each in simpler if self.complaint(each)), found)
        return found

    def _simpler(self, name: str, value: float) -> Iterator[float]:
        """Yield what is simpler than this value of a parameter, the simplest first."""
        each = self.domain[name]
        if value == each.simplest:
            return
        yield each.simplest
        if isinstance(each, Number):
            rounded = [round(value, digits) for digits in (0, 1, 2, 3)]
            yield from (near for near in rounded if each.low <= near <= each.high and near != value)
