"""Bias against the reference, and its linearity over the levels, as in MSA-4; tests and bands by scipy and statsmodels.

Bias: the mean deviation from the reference, with a t test and an interval of 95 %. What the values of a session have in
common does not average out within it, so with several sessions the means of the sessions are the independent values.
Linearity: a line through the deviations over the reference, with a t test of slope and intercept, and its band of 95 %.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from hil.history.studies.sessions import Measured
from hil.study.anova import missing

CONFIDENCE = 0.95
"""Of intervals and bands, two-sided."""


@dataclass(frozen=True)
class Bias:
    """Mean deviation at a level, or of all levels.

    :ivar count: of independent values; ``of_sessions``: whether they are the means of sessions.
    :ivar low: to ``high``: the interval of 95 %, widened by U of the reference.
    :ivar t: of the test that the bias is zero, with its ``probability``; None if the values do not scatter.
    """

    level: float | None
    mean: float
    low: float
    high: float
    t: float | None
    probability: float | None
    count: int
    of_sessions: bool
    reference_uncertainty: float

    @property
    def significant(self) -> bool:
        """Whether zero lies outside of the interval."""
        return not self.low <= 0 <= self.high


@dataclass(frozen=True)
class BandPoint:
    """The line and its band at a reference value."""

    reference: float
    line: float
    low: float
    high: float


@dataclass(frozen=True)
class Linearity:
    """deviation = ``intercept`` + ``slope`` x reference; each with the probability that it is zero by chance."""

    slope: float
    intercept: float
    slope_probability: float
    intercept_probability: float
    r_squared: float
    band: tuple[BandPoint, ...]

    def at(self, reference: float) -> float:
        """Return the line at a reference value."""
        return self.intercept + self.slope * reference


def biases(measured: Sequence[tuple[str, Measured]]) -> list[Bias]:
    """Return the bias at each level, lowest first, and of all levels last; each value comes with its session.

    Empty if the reference of none is known. A single value has no interval: an infinite one.
    """
    known = [(session, each) for session, each in measured if each.reference_uncertainty is not None]
    if not known:
        return []
    levels = sorted({each.level for _, each in known})
    found = [_bias(level, [pair for pair in known if pair[1].level == level]) for level in levels]
    return [*found, _bias(None, known)] if len(levels) > 1 else found


def _bias(level: float | None, known: Sequence[tuple[str, Measured]]) -> Bias:
    by_session: dict[str, list[float]] = defaultdict(list)
    for session, each in known:
        by_session[session].append(each.deviation)
    several = len(by_session) > 1
    values = [fmean(each) for each in by_session.values()] if several else next(iter(by_session.values()))
    uncertain = fmean(each.reference_uncertainty or 0.0 for _, each in known)
    mean = fmean(values)
    t = probability = None
    half = math.inf
    if len(values) > 1:
        half = 0.0
        if stdev(values) > 0:
            tested = _scipy_stats().ttest_1samp(values, 0.0)
            low, high = tested.confidence_interval(CONFIDENCE)
            t, probability, half = float(tested.statistic), float(tested.pvalue), float(high - low) / 2
    return Bias(
        level, mean, mean - half - uncertain, mean + half + uncertain, t, probability, len(values), several, uncertain
    )


def linearity(measured: Sequence[Measured]) -> Linearity | None:
    """Return the line through the deviations; None with fewer than three levels, or without a known reference."""
    known = [each for each in measured if each.reference_uncertainty is not None]
    levels = sorted({each.level for each in known})
    if len(levels) < 3:
        return None
    numpy, api = _statsmodels()
    references, deviations = ([getattr(each, name) for each in known] for name in ("reference", "deviation"))
    if max(deviations) - min(deviations) == 0:
        return None
    fitted = api.OLS(numpy.array(deviations), api.add_constant(numpy.array(references))).fit()
    low, high = min(references), max(references)
    at = [low + (high - low) * number / 20 for number in range(21)]
    predicted = fitted.get_prediction(api.add_constant(numpy.array(at)))
    bounds = predicted.conf_int(alpha=1 - CONFIDENCE)
    intercept, slope = (float(each) for each in fitted.params)
    return Linearity(
        slope,
        intercept,
        slope_probability=float(fitted.pvalues[1]),
        intercept_probability=float(fitted.pvalues[0]),
        r_squared=float(fitted.rsquared),
        band=tuple(
            BandPoint(reference, float(mean), float(bound[0]), float(bound[1]))
            for reference, mean, bound in zip(at, predicted.predicted_mean, bounds, strict=True)
        ),
    )


def _scipy_stats() -> Any:
    try:
        from scipy import stats
    except ModuleNotFoundError as error:
        raise missing(error) from None
    return stats


def _statsmodels() -> tuple[Any, Any]:
    try:
        import numpy
        import statsmodels.api
    except ModuleNotFoundError as error:
        raise missing(error) from None
    return numpy, statsmodels.api
