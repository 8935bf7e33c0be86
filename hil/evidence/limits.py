"""Measurements, limits and the rules that decide (docs/verdicts.md).

A measurement is declared with its limit before power is applied. Its kind of observation decides the rule, so that no
rule can be chosen that does not fit:

- *counted* → ``exact``: money and counts, known without uncertainty.
- *timed* → ``interval``: the true value lies between two bounds. Pass if the worst possible value is within the limit,
  fail if the best possible is beyond it, otherwise inconclusive.
- *sampled* → ``guarded``: non-binary statement with guard band w = U (JCGM 106:2012 §8.3, ILAC-G8:09/2019 §4.2.3):
  within the limit by at least U passes, beyond it by at least U fails, otherwise inconclusive.

An open interval (it had not happened when the watch ended) is held against the limit like any other.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from hil.evidence.documents import Json, Verdict
from hil.evidence.observations import Counted, Observation, Sampled, Source, Timed
from hil.units import format_quantity


class Rule(enum.StrEnum):
    """How a value is held against its limit; the value is what the report prints."""

    INTERVAL = "interval"
    GUARDED = "guarded"
    EXACT = "exact"


RULES: Mapping[type[Observation], Rule] = {Counted: Rule.EXACT, Timed: Rule.INTERVAL, Sampled: Rule.GUARDED}
"""Which rule decides about which kind of observation."""

O = TypeVar("O", Counted, Timed, Sampled)  # noqa: E741 - the one type variable of observations


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
        """Hold every value from ``low`` to ``high`` against the limit; ``high`` may be infinite."""
        if self.margin(low, high) >= 0:
            return Verdict.PASS
        if self.low is not None and high < self.low:
            return Verdict.FAIL
        if self.high is not None and low > self.high:
            return Verdict.FAIL
        return Verdict.INCONCLUSIVE


@dataclass(frozen=True)
class Measurement(Generic[O]):
    """What will be measured, by whose word, and what decides.

    :param name: what it is, in words of the bench, e.g. ``refused payment to zero current``.
    :param kind: the kind of observation that it takes, which decides the rule.
    :param sources: whose word it rests on.
    """

    name: str
    limit: Limit
    kind: type[O]
    sources: tuple[Source, ...]

    @property
    def rule(self) -> Rule:
        return RULES[self.kind]

    def find(self, observed: O, *, detail: str = "") -> Finding:
        """Decide about what was observed; raises TypeError if it is of another kind than was declared."""
        if type(observed) is not self.kind:
            raise TypeError(f"{self.name}: a {self.kind.__name__} was declared, not a {type(observed).__name__}")
        return Finding(self, observed, self.limit.decide(observed.low, observed.high), detail)

    def without(self, verdict: Verdict, why: str) -> Finding:
        """Return the finding of a measurement for which nothing was observed, and why."""
        return Finding(self, None, verdict, why)


@dataclass(frozen=True)
class Finding:
    """A measurement with its verdict, and what was observed; None: it was not taken."""

    measurement: Measurement[Counted] | Measurement[Timed] | Measurement[Sampled]
    observed: Observation | None
    verdict: Verdict
    detail: str = ""

    @property
    def at(self) -> float | None:
        """Second of the scenario at which a time limit ran out, for what surrounds it; None for other limits."""
        observed, limit = self.observed, self.measurement.limit
        if not isinstance(observed, Timed) or observed.began is None:
            return None
        return observed.began + (limit.high if limit.high is not None else limit.low or 0.0)

    @property
    def taken(self) -> bool:
        return self.observed is not None

    def __str__(self) -> str:
        limit, observed = self.measurement.limit, self.observed
        if observed is None:
            return f"{self.measurement.name}: {self.detail or 'not taken'}; limit {limit}"
        by = f"{self.verdict} by the {self.measurement.rule} rule"
        if math.isinf(observed.high):
            least = format_quantity(observed.low, limit.unit)
            return f"{self.measurement.name}: not within {least}, when the watch ended; limit {limit}: {by}"
        value = format_quantity((observed.low + observed.high) / 2, limit.unit)
        half = format_quantity((observed.high - observed.low) / 2, limit.unit)
        spread = "" if isinstance(observed, Counted) else f" ± {half}"
        margin = format_quantity(limit.margin(observed.low, observed.high), limit.unit)
        return f"{self.measurement.name}: measured {value}{spread}, limit {limit}, margin {margin}: {by}"

    def document(self) -> Mapping[str, Json]:
        """Return the data of a VERDICT event.

        What was not taken has null for its numbers. An open interval has null for its upper end and for what follows
        from it, and says so by ``censored``.
        """
        measurement, limit, observed = self.measurement, self.measurement.limit, self.observed
        numbers: dict[str, float | None] = dict.fromkeys(("low", "high", "value", "uncertainty", "margin"))
        if observed is not None:
            low, high = observed.low, observed.high
            found = {"low": low, "high": high, "value": (low + high) / 2, "uncertainty": (high - low) / 2}
            found["margin"] = limit.margin(low, high)
            numbers |= {name: round(number, 9) for name, number in found.items() if math.isfinite(number)}
        document: dict[str, Json] = {
            "name": measurement.name,
            "unit": limit.unit,
            "limit_low": limit.low,
            "limit_high": limit.high,
            "limit": str(limit),
            "rule": measurement.rule.value,
            "sources": [source.value for source in measurement.sources],
            "taken": self.taken,
            "censored": observed is not None and math.isinf(observed.high),
            **numbers,
            "verdict": self.verdict.value,
            "text": str(self),
            "detail": self.detail,
        }
        if isinstance(observed, Sampled) and observed.covers is not None:
            document["covers"] = [round(each, 6) for each in observed.covers]
        if isinstance(observed, Sampled) and observed.budget is not None:
            document["budget"] = observed.budget.document()
        if self.at is not None:
            document["at"] = round(self.at, 6)
        return document
