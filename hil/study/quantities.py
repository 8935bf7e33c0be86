"""What a study finds of each quantity: variation, bias, linearity, stability, and U as it was measured."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hil.evidence.uncertainty import COVERAGE
from hil.history.studies.sessions import Measured, StudySession
from hil.study.anova import Observed, Variation, variation
from hil.study.bias import Bias, Linearity, biases, linearity
from hil.study.design import UNITS
from hil.study.resolution import ROUNDING
from hil.study.stability import Stability, stability


@dataclass(frozen=True)
class QuantityResult:
    """A quantity over all sessions that are taken together.

    :ivar values: each with the label of its session.
    :ivar variation: its repeatability is that of the meter's resolution at least.
    :ivar by_resolution: whether it is that, because the trials differ by less.
    :ivar seconds: for which power flowed in a trial.
    """

    quantity: str
    unit: str
    values: tuple[tuple[str, Measured], ...]
    variation: Variation
    biases: tuple[Bias, ...]
    linearity: Linearity | None
    stability: Stability | None
    by_resolution: bool
    seconds: float

    @property
    def highest(self) -> float:
        """The highest level."""
        return max(each.level for _, each in self.values)

    @property
    def repeatability_known(self) -> bool:
        """Whether the trials differ, or the resolution that hides the difference is known."""
        return self.variation.ev > ROUNDING * self.highest

    @property
    def reference_known(self) -> bool:
        """Whether there is a reference whose uncertainty is known."""
        return bool(self.biases)

    @property
    def outside(self) -> list[Measured]:
        """The measurements whose deviation the stated uncertainty does not explain."""
        return [each for _, each in self.values if each.within is False]

    @property
    def largest_bias(self) -> float:
        """The largest mean deviation at a level, either way; 0 if the reference is not known."""
        return max((abs(each.mean) for each in self.biases), default=0.0)

    @property
    def uncertainty(self) -> float:
        """U as the study measures it: what scatters and the reference at k = 2, and the bias on top, uncorrected."""
        reference = max((each.reference_uncertainty for each in self.biases), default=0.0) / COVERAGE
        return COVERAGE * math.hypot(self.variation.grr, reference) + self.largest_bias

    def scale(self, amount: float, seconds: float = 0.0) -> float:
        """Return by how much a value beyond the highest level may be more uncertain: errors grow in proportion."""
        return max(1.0, amount / self.highest, seconds / self.seconds)


def analyse(
    sessions: Sequence[StudySession],
    seconds: float,
    over_time: Sequence[StudySession],
    resolution: Mapping[str, float | None],
) -> tuple[QuantityResult, ...]:
    """Return the result of each quantity; all sessions have the same levels and trials.

    :param over_time: the sessions of the control chart, oldest first.
    :param resolution: as of :func:`hil.study.resolution.shares_of_resolution`.
    """
    return tuple(
        _quantity(sessions, name, seconds, over_time, resolution.get(name) or 0.0)
        for name in UNITS
        if sessions[0].of(name)
    )


def _quantity(
    sessions: Sequence[StudySession], name: str, seconds: float, over_time: Sequence[StudySession], least: float
) -> QuantityResult:
    values = tuple((session.label, each) for session in sessions for each in session.of(name))
    found = variation([Observed(f"{each.level:.9g}", label, each.adjusted) for label, each in values])
    return QuantityResult(
        quantity=name,
        unit=UNITS[name],
        values=values,
        variation=dataclasses.replace(found, ev=max(found.ev, least)),
        biases=tuple(biases(values)),
        linearity=linearity([each for _, each in values]),
        stability=stability(over_time, name),
        by_resolution=found.ev < least,
        seconds=seconds,
    )
