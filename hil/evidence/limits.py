"""Measurements, limits and the rules that decide (DESIGN §5).

A measurement is declared with its limit and rule before it is taken; one that was declared and never taken fails.

Rules:

- ``interval`` for timing: the true value lies between two bounds. Pass if the worst possible value is within the
  limit, fail if the best possible is beyond it, otherwise inconclusive.
- ``guarded`` for analogue values: non-binary statement with guard band w = U (JCGM 106:2012 §8.3, ILAC-G8:09/2019
  §4.2.3): within the limit by at least U passes, beyond it by at least U fails, otherwise inconclusive.
- ``exact`` for money and counts, which are known without uncertainty.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass

from hil.evidence.documents import Json, Verdict
from hil.units import format_quantity


class Rule(enum.StrEnum):
    """How a value is held against its limit; the value is what the report prints."""

    INTERVAL = "interval"
    GUARDED = "guarded"
    EXACT = "exact"


@dataclass(frozen=True)
class Limit:
    """A closed tolerance interval; None means unbounded on that side."""

    unit: str
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise ValueError("a limit needs at least one bound")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"the low limit {self.low:g} is above the high limit {self.high:g} {self.unit}")

    def __str__(self) -> str:
        if self.low is None:
            return f"≤ {format_quantity(self.high or 0.0, self.unit)}"
        if self.high is None:
            return f"≥ {format_quantity(self.low, self.unit)}"
        if self.low == self.high:
            return f"= {format_quantity(self.low, self.unit)}"
        return f"{format_quantity(self.low, self.unit)} … {format_quantity(self.high, self.unit)}"

    def margin(self, low: float, high: float) -> float:
        """Return by how much the worst value of ``low`` .. ``high`` is inside; negative if it is outside."""
        margins = []
        if self.low is not None:
            margins.append(low - self.low)
        if self.high is not None:
            margins.append(self.high - high)
        return min(margins)

    def decide(self, low: float, high: float) -> Verdict:
        """Hold every value from ``low`` to ``high`` against the limit."""
        if math.isnan(low) or math.isnan(high):
            return Verdict.INCONCLUSIVE
        if self.margin(low, high) >= 0:
            return Verdict.PASS
        if self.low is not None and high < self.low:
            return Verdict.FAIL
        if self.high is not None and low > self.high:
            return Verdict.FAIL
        return Verdict.INCONCLUSIVE


@dataclass(frozen=True)
class Measurement:
    """What will be measured and what decides.

    :param name: what it is, in words of the bench, e.g. ``refused payment to zero current``.
    :param requirement: id of the requirement it serves, if any.
    """

    name: str
    limit: Limit
    rule: Rule
    requirement: str | None = None

    def find(self, low: float, high: float, *, detail: str = "") -> Finding:
        """Decide for a true value known to lie in ``low`` .. ``high`` (equal for ``exact``).

        Raises ValueError if ``low`` is above ``high``: such an interval would pass limits that no value in it meets.
        """
        if low > high:
            raise ValueError(f"{self.name}: the interval from {low:g} to {high:g} is empty")
        return Finding(self, low, high, self.limit.decide(low, high), detail)

    def find_value(self, value: float, uncertainty: float = 0.0, *, detail: str = "") -> Finding:
        """Decide for ``value`` with uncertainty U: the true value lies within ``value`` ± U."""
        return self.find(value - uncertainty, value + uncertainty, detail=detail)

    def missing(self, why: str) -> Finding:
        """A declared measurement that was never taken fails; the reason is kept."""
        return Finding(self, math.nan, math.nan, Verdict.FAIL, why)


@dataclass(frozen=True)
class Finding:
    """A measurement that was taken, or is known to be missing, with its verdict."""

    measurement: Measurement
    low: float
    high: float
    verdict: Verdict
    detail: str = ""

    @property
    def taken(self) -> bool:
        return not math.isnan(self.low)

    @property
    def value(self) -> float:
        return (self.low + self.high) / 2

    @property
    def uncertainty(self) -> float:
        """Half-width of the interval that holds the true value."""
        return (self.high - self.low) / 2

    def __str__(self) -> str:
        limit = self.measurement.limit
        if not self.taken:
            return f"{self.measurement.name}: {self.detail or 'never taken'}; limit {limit}"
        value = format_quantity(self.value, limit.unit)
        spread = "" if self.measurement.rule is Rule.EXACT else f" ± {format_quantity(self.uncertainty, limit.unit)}"
        margin = format_quantity(limit.margin(self.low, self.high), limit.unit)
        by = f" by the {self.measurement.rule} rule"
        return f"{self.measurement.name}: measured {value}{spread}, limit {limit}, margin {margin}: {self.verdict}{by}"

    def document(self) -> Mapping[str, Json]:
        """Return the data of a VERDICT event; a value never taken is null."""
        limit = self.measurement.limit
        return {
            "name": self.measurement.name,
            "requirement": self.measurement.requirement,
            "unit": limit.unit,
            "limit_low": limit.low,
            "limit_high": limit.high,
            "limit": str(limit),
            "rule": self.measurement.rule.value,
            "low": round(self.low, 9) if self.taken else None,
            "high": round(self.high, 9) if self.taken else None,
            "value": round(self.value, 9) if self.taken else None,
            "uncertainty": round(self.uncertainty, 9) if self.taken else None,
            "margin": round(limit.margin(self.low, self.high), 9) if self.taken else None,
            "verdict": self.verdict.value,
            "text": str(self),
            "detail": self.detail,
        }


_SEVERITY = [
    Verdict.NOT_RUN,
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
    Verdict.INCONCLUSIVE,
    Verdict.FAIL,
    Verdict.AUTHOR_ERROR,
    Verdict.RIG_FAULT,
]


def worst(verdicts: list[Verdict]) -> Verdict:
    """Return the verdict that stands for all: a rig fault outweighs a failure, since nothing else can be trusted."""
    return max(verdicts, key=_SEVERITY.index, default=Verdict.NOT_RUN)
