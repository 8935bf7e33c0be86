"""Quantiles of the chi-squared distribution: all that is needed of a library of statistics."""

from __future__ import annotations

import math
from statistics import NormalDist

_STEPS = 200
"""Halvings: more than a number of 64 bits has."""


def chi_squared(probability: float, degrees: int) -> float:
    """Return the value below which a chi-squared variable lies with this probability, 0 < probability < 1.

    Bisection of the distribution function, from the Wilson-Hilferty approximation on.
    """
    if not 0 < probability < 1 or degrees < 1:
        raise ValueError(f"no quantile: probability {probability}, {degrees} degrees of freedom")
    share = 2 / (9 * degrees)
    guess = degrees * max(0.0, 1 - share + NormalDist().inv_cdf(probability) * math.sqrt(share)) ** 3
    low, high = 0.0, max(guess, 1.0)
    while _below(high, degrees) < probability:
        low, high = high, 2 * high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if _below(middle, degrees) < probability else (low, middle)
    return (low + high) / 2


def _below(value: float, degrees: int) -> float:
    """Return the distribution function: the series of the incomplete gamma function (Abramowitz and Stegun 6.5.29)."""
    shape, half = degrees / 2, value / 2
    if half <= 0:
        return 0.0
    term = math.exp(shape * math.log(half) - half - math.lgamma(shape + 1))
    total, number = term, 0
    while term > total * 1e-17:
        number += 1
        term *= half / (shape + number)
        total += term
    return min(total, 1.0)
