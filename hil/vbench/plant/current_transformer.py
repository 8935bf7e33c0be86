"""A current transformer before the lab meter: it gives a part of the current, slightly wrong and slightly shifted.

What it is wrong by comes from the current that magnetises its core. Relative to the primary current that grows as the
current falls: here as the limits of its class do (IEC 61869-2, table 201), which are joined by straight lines over the
current; below 5 % of the rated current with the square root of it.
"""

from __future__ import annotations

import math
import random
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hil.vbench.plant.terminals import MeterSample

PERCENTS: Final = (5.0, 20.0, 100.0)
"""Of the rated current, at which a class states its limits."""

MOST_GROWTH: Final = 4.0
"""By which factor the errors grow below the lowest of them at most: a core keeps its initial permeability."""

CLASSES: Final = {
    0.1: ((0.4, 0.2, 0.1), (15.0, 8.0, 5.0)),
    0.2: ((0.75, 0.35, 0.2), (30.0, 15.0, 10.0)),
    0.5: ((1.5, 0.75, 0.5), (90.0, 45.0, 30.0)),
    1.0: ((3.0, 1.5, 1.0), (180.0, 90.0, 60.0)),
}
"""Ratio error in percent and phase displacement in minutes of arc, at each of ``PERCENTS``."""


class CurrentTransformer:
    """Turns what flows in the primary circuit into what the meter's inputs have.

    :param ratio: primary over secondary current; :param rated: primary current in A.
    :param error: ratio error at rated current as a fraction; :param displacement: minutes of arc there, positive if the
        secondary current leads. What is not a number is drawn inside the class, from ``seed``.
    """

    def __init__(
        self, ratio: float, rated: float, accuracy_class: float, seed: str, *, error: float, displacement: float
    ) -> None:
        self._ratio, self._rated = ratio, rated
        self._errors, self._minutes = CLASSES[accuracy_class]
        chance = random.Random(f"{seed}/transformer")  # noqa: S311 - repeatable, and nothing to keep secret
        drawn = chance.uniform(-1.0, 1.0), chance.uniform(-1.0, 1.0)
        self._used_error = drawn[0] if math.isnan(error) else 100.0 * error / self._errors[-1]
        self._used_minutes = drawn[1] if math.isnan(displacement) else displacement / self._minutes[-1]
        """Which part of the limits of its class it uses up, either way."""

    def seen(self, sample: MeterSample) -> MeterSample:
        """Return the sample that the meter's inputs have; its voltage is the circuit's own."""
        percent = 100.0 * sample.current / self._rated
        factor = (1.0 + self._used_error * _limit(self._errors, percent) / 100.0) / self._ratio
        angle = math.radians(self._used_minutes * _limit(self._minutes, percent) / 60.0)
        cosine, sine = math.cos(angle), math.sin(angle)
        return sample._replace(
            current=sample.current * factor,
            power=(sample.power * cosine + sample.reactive * sine) * factor,
            reactive=abs(sample.reactive * cosine - sample.power * sine) * factor,
        )


def _limit(limits: tuple[float, ...], percent: float) -> float:
    """Return the limit of a class at so many percent of the rated current."""
    if percent <= PERCENTS[0]:
        return limits[0] * min(MOST_GROWTH, math.sqrt(PERCENTS[0] / percent)) if percent > 0 else 0.0
    for (low, more), (high, less) in pairwise(zip(PERCENTS, limits, strict=True)):
        if percent <= high:
            return more + (less - more) * (percent - low) / (high - low)
    return limits[-1]
