"""Process capability: how well the spread of a process fits into what is required of it.

Source: NIST/SEMATECH e-Handbook of Statistical Methods, 6.1.6 "What is Process Capability?". The standard deviation is
that of the sample, over all its values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

from hil.history.statistics.quantiles import chi_squared

CONFIDENCE = 0.95
"""Of the intervals, two-sided."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Capability:
    """Capability indices with their confidence intervals.

    :ivar cp: spread alone; None for a limit on one side.
    :ivar cpk: spread and place, for the nearer limit.
    """

    count: int
    mean: float
    deviation: float
    cp: float | None
    cp_interval: Interval | None
    cpk: float
    cpk_interval: Interval


def capability(values: Sequence[float], low: float | None, high: float | None) -> Capability | None:
    """Return the capability of a process with these values for a limit.

    None if it cannot be told: fewer than two values, no spread, no limit, or a limit of a single value.
    """
    count = len(values)
    if count < 2 or (low is None and high is None) or low == high:
        return None
    mean, deviation = fmean(values), stdev(values)
    if not deviation:
        return None
    sides = [(mean - low) / (3 * deviation)] if low is not None else []
    sides += [(high - mean) / (3 * deviation)] if high is not None else []
    cp = None if low is None or high is None else (high - low) / (6 * deviation)
    cpk = min(sides)
    return Capability(
        count=count,
        mean=mean,
        deviation=deviation,
        cp=cp,
        cp_interval=None if cp is None else cp_interval(cp, count),
        cpk=cpk,
        cpk_interval=cpk_interval(cpk, count),
    )


def cp_interval(cp: float, count: int) -> Interval:
    """Return the confidence interval of Cp; exact for normal values (NIST 6.1.6)."""
    degrees, alpha = count - 1, 1 - CONFIDENCE
    return (
        cp * math.sqrt(chi_squared(alpha / 2, degrees) / degrees),
        cp * math.sqrt(chi_squared(1 - alpha / 2, degrees) / degrees),
    )


def cpk_interval(cpk: float, count: int) -> Interval:
    """Return the confidence interval of Cpk, or of the index of one side; approximate (NIST 6.1.6)."""
    half = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * math.sqrt(1 / (9 * count) + cpk**2 / (2 * (count - 1)))
    return cpk - half, cpk + half
