"""What a study finds: variation, bias, linearity, stability of each quantity, and which limits the rig can decide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.errors import ExitCode
from hil.evidence.uncertainty import COVERAGE
from hil.history.studies.sessions import Measured, StudySession
from hil.rig.check.capabilities import (
    edge_uncertainty,
    energy_uncertainty,
    power_uncertainty,
    shortest_interruption,
    undecidable_edge,
    update_period,
    voltage_uncertainty,
)
from hil.study.anova import SIGMAS, Observed, Variation, variation
from hil.study.bias import Bias, Linearity, biases, linearity
from hil.study.design import UNITS
from hil.study.limits import INTERRUPTION, Decidable, DeclaredLimit
from hil.study.stability import Stability, stability
from hil.units import Second, Watt, WattHour

if TYPE_CHECKING:
    from hil.rig.config.rig_file import RigFile


@dataclass(frozen=True)
class QuantityResult:
    """A quantity over all sessions that are taken together.

    :ivar values: each with the label of its session.
    :ivar seconds: for which power flowed in a trial.
    """

    quantity: str
    unit: str
    values: tuple[tuple[str, Measured], ...]
    variation: Variation
    biases: tuple[Bias, ...]
    linearity: Linearity | None
    stability: Stability | None
    seconds: float

    @property
    def highest(self) -> float:
        """The highest level."""
        return max(each.level for _, each in self.values)

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


@dataclass(frozen=True)
class Decision:
    """What the rig can say of a limit.

    :ivar stated: U of its budget, ``measured``: U of the study, both in the unit of the quantity; None: not known.
    :ivar guard_band: w: U stated, with which scenarios decide. If the study found it too small, or it is not known, the
        larger of both.
    :ivar extrapolated: whether the limit lies beyond the levels of the study.
    :ivar of_tolerance: GRR in percent of the tolerance; None for a limit that has none.
    """

    limit: DeclaredLimit
    unit: str
    stated: float | None
    measured: float
    guard_band: float
    extrapolated: bool
    of_tolerance: float | None
    decidable: Decidable


@dataclass(frozen=True)
class StudyResult:
    """Everything that is told of a study.

    :ivar folder: of the run with the newest evidence; empty if nothing was measured now.
    :ivar unknown_limits: steps whose limit only a run can tell.
    """

    rig: str
    virtual: bool
    sessions: tuple[StudySession, ...]
    quantities: tuple[QuantityResult, ...]
    decisions: tuple[Decision, ...]
    unknown_limits: int
    remarks: tuple[str, ...]
    folder: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """7 if stated uncertainties do not hold, 6 if a limit cannot be decided, else 0."""
        if any(each.outside for each in self.quantities):
            return ExitCode.RIG_FAULT
        if any(each.decidable is Decidable.NO for each in self.decisions):
            return ExitCode.INCONCLUSIVE
        return ExitCode.PASS


def analyse(
    sessions: Sequence[StudySession], seconds: float, over_time: Sequence[StudySession]
) -> tuple[QuantityResult, ...]:
    """Return the result of each quantity; all sessions have the same levels and trials.

    :param over_time: the sessions of the control chart, oldest first.
    """
    return tuple(_quantity(sessions, name, seconds, over_time) for name in UNITS if sessions[0].of(name))


def _quantity(
    sessions: Sequence[StudySession], name: str, seconds: float, over_time: Sequence[StudySession]
) -> QuantityResult:
    values = tuple((session.label, each) for session in sessions for each in session.of(name))
    return QuantityResult(
        quantity=name,
        unit=UNITS[name],
        values=values,
        variation=variation([Observed(f"{each.level:.9g}", label, each.adjusted) for label, each in values]),
        biases=tuple(biases(values)),
        linearity=linearity([each for _, each in values]),
        stability=stability(over_time, name),
        seconds=seconds,
    )


def decide(limits: Sequence[DeclaredLimit], quantities: Sequence[QuantityResult], rig: RigFile) -> list[Decision]:
    """Return for each limit what this rig can say of it."""
    by_name = {each.quantity: each for each in quantities}
    return [_decision(limit, by_name, rig) for limit in limits]


def _decision(limit: DeclaredLimit, by_name: dict[str, QuantityResult], rig: RigFile) -> Decision:
    if limit.quantity == INTERRUPTION:
        result = by_name["voltage"]
        period, stated_v = update_period(rig), voltage_uncertainty(rig)
        stated = None if stated_v is None else float(shortest_interruption(stated_v, period))
        measured = float(shortest_interruption(result.uncertainty, period))
        grr, beyond = measured * result.variation.grr / result.uncertainty if result.uncertainty else 0.0, False
    else:
        result = by_name[limit.quantity]
        scale = result.scale(limit.amount, limit.seconds)
        measured, grr, beyond = scale * result.uncertainty, scale * result.variation.grr, scale > 1
        stated = _stated(limit, rig)
    guard = measured if stated is None else max(stated, measured) if result.outside else stated
    if limit.quantity == "time":
        impossible = bool(undecidable_edge(rig, Second(limit.room)))
    else:
        impossible = limit.bounded and guard >= limit.room
    found = Decidable.NO if impossible else Decidable.WITH_MARGIN if 2 * guard > limit.room else Decidable.YES
    return Decision(
        limit=limit,
        unit=UNITS.get(limit.quantity, "s"),
        stated=stated,
        measured=measured,
        guard_band=guard,
        extrapolated=beyond,
        of_tolerance=100 * SIGMAS * grr / (2 * limit.room) if limit.bounded and limit.room else None,
        decidable=found,
    )


def _stated(limit: DeclaredLimit, rig: RigFile) -> float | None:
    """Return U by the budget of the rig's meter, at the limit; None if its model is not known."""
    if limit.quantity == "energy":
        return energy_uncertainty(rig, WattHour(limit.amount), Second(limit.seconds))
    if limit.quantity == "power":
        return power_uncertainty(rig, Watt(limit.amount))
    return edge_uncertainty(rig)
