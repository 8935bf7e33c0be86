"""Which limits a rig can decide, and with which guard band.

An energy is the more uncertain the longer power flows, by the offset of the meter. How long that is in a scenario is
known roughly. So a limit is *not decidable* only if it is not in the shortest time, at the most power that the rig
allows; and *decidable* if it is in the longest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.rig.check.capabilities import (
    edge_uncertainty,
    energy_uncertainty,
    power_uncertainty,
    shortest_interruption,
    undecidable_edge,
    update_period,
    voltage_uncertainty,
)
from hil.rig.sampling.timer import SAMPLE_PERIOD_S
from hil.study.anova import SIGMAS
from hil.study.design import UNITS
from hil.study.limits import INTERRUPTION, Decidable, DeclaredLimit
from hil.study.quantities import QuantityResult
from hil.units import Second, Watt, WattHour

if TYPE_CHECKING:
    from hil.rig.config.rig_file import RigFile


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
class _Known:
    """How well the value of a limit is known: U stated, None if it is not known; U measured; GRR.

    :ivar beyond: whether it lies beyond the levels of the study; ``guard``: see :class:`Decision`.
    """

    stated: float | None
    measured: float
    grr: float
    beyond: bool
    trusted: bool

    @property
    def guard(self) -> float:
        if self.stated is None:
            return self.measured
        return self.stated if self.trusted else max(self.stated, self.measured)


def decide(limits: Sequence[DeclaredLimit], quantities: Sequence[QuantityResult], rig: RigFile) -> list[Decision]:
    """Return for each limit what this rig can say of it."""
    by_name = {each.quantity: each for each in quantities}
    return [_decision(limit, by_name, rig) for limit in limits]


def _decision(limit: DeclaredLimit, by_name: dict[str, QuantityResult], rig: RigFile) -> Decision:
    result = by_name["voltage" if limit.quantity == INTERRUPTION else limit.quantity]
    if limit.quantity == INTERRUPTION:
        known = least = _interruption(result, rig)
    else:
        known = _known(limit, limit.seconds, result, rig)
        least = _known(limit, min(limit.seconds, limit.amount / rig.options.limits.power * 3600), result, rig)
    if limit.quantity == "time":
        impossible = bool(undecidable_edge(rig, Second(limit.room)))
    else:
        impossible = limit.bounded and least.guard >= limit.room
    impossible = impossible or not result.repeatability_known
    found = Decidable.NO if impossible else Decidable.WITH_MARGIN if 2 * known.guard > limit.room else Decidable.YES
    return Decision(
        limit=limit,
        unit=UNITS.get(limit.quantity, "s"),
        stated=known.stated,
        measured=known.measured,
        guard_band=known.guard,
        extrapolated=known.beyond,
        of_tolerance=100 * SIGMAS * known.grr / (2 * limit.room) if limit.bounded and limit.room else None,
        decidable=found,
    )


def _interruption(voltage: QuantityResult, rig: RigFile) -> _Known:
    """Return how well an interruption within one update of the meter is known, by what its voltage is uncertain by."""
    period, stated = update_period(rig) or Second(SAMPLE_PERIOD_S), voltage_uncertainty(rig)
    measured, grr = (
        float(shortest_interruption(each, period)) for each in (voltage.uncertainty, voltage.variation.grr)
    )
    shortest = None if stated is None else float(shortest_interruption(stated, period))
    return _Known(shortest, measured, grr, False, not voltage.outside)


def _known(limit: DeclaredLimit, seconds: float, result: QuantityResult, rig: RigFile) -> _Known:
    """Return how well the value of a limit is known if power flows for so long."""
    if limit.quantity == "energy":
        stated = energy_uncertainty(rig, WattHour(limit.amount), Second(seconds))
    elif limit.quantity == "power":
        stated = power_uncertainty(rig, Watt(limit.amount))
    else:
        stated = edge_uncertainty(rig)
    scale = result.scale(limit.amount, seconds)
    uncertainty, grr = scale * result.uncertainty, scale * result.variation.grr
    return _Known(stated, uncertainty, grr, scale > 1, not result.outside)
