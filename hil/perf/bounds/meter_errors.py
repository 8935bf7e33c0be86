"""How the virtual meter errs in a series of measurements: drawn from the seed, or at the ends of what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.evidence.uncertainty import Conditions
from hil.instruments.current_transformer import CLASSES, CurrentTransformer

if TYPE_CHECKING:
    from hil.instruments.meter_limits import MakersLimits

PERIOD_S = 0.1
"""Update period of the meter, if nothing else is asked for."""


@dataclass(frozen=True)
class MeterErrors:
    """How the virtual meter errs in every session.

    :param period: its update period in seconds.
    :param gain: of its power, as a part of the most that its maker allows, -1 to 1; ``offset``: the same of its offset;
        ``reactive``: of the reactive power that it takes for active. None: drawn from the seed, as in any run.
    :param shaped: whether the load draws at any power factor and crest factor, and not as a resistance.
    :param transformer: accuracy class of a current transformer of 10 A/5 A before the meter, ``0.5``; empty: none.
    :param ratio_error: of it, as a part of the most that its class allows; ``displacement``: the same of its phase.
    """

    period: float = PERIOD_S
    gain: float | None = None
    offset: float | None = None
    reactive: float | None = None
    shaped: bool = False
    transformer: str = ""
    ratio_error: float | None = None
    displacement: float | None = None

    @property
    def least_va(self) -> float:
        """Apparent power that the load draws at least, in VA: at any power factor more than what shows as none."""
        return 100.0 if self.transformer else 20.0

    @property
    def conditions(self) -> Conditions:
        """What the meter is told of its transformer."""
        if not self.transformer:
            return Conditions()
        source = f"IEC 61869-2, class {self.transformer}"
        return Conditions(transformer=CurrentTransformer(RATIO, RATED_A, CLASSES[self.transformer], source))

    def plant(self, limits: MakersLimits) -> dict[str, float]:
        """Return it as parameters of the plant."""
        plant = {"meter_period": self.period}
        if self.gain is not None:
            plant["meter_gain"] = self.gain * limits.power.of_reading
        if self.offset is not None:
            plant["meter_offset_w"] = self.offset * limits.power.of_range * limits.power.end
        if self.reactive is not None:
            plant["meter_reactive_gain"] = self.reactive * limits.power_factor
        if self.gain is not None or self.offset is not None:
            plant["meter_noise_w"] = 0.0  # the limits are used up
        if self.transformer:
            at_rated = CLASSES[self.transformer][-1]
            plant |= {"meter_ct_ratio": RATIO, "meter_ct_rated_a": RATED_A, "meter_ct_class": float(self.transformer)}
            if self.ratio_error is not None:
                plant["meter_ct_error"] = self.ratio_error * at_rated.ratio_error / 100
            if self.displacement is not None:
                plant["meter_ct_displacement"] = self.displacement * at_rated.displacement
        return plant


RATIO, RATED_A = 2.0, 10.0
"""Of the current transformer, where there is one: 10 A/5 A, which holds up to 12 A."""

POWER_FACTORS = (0.3, 1.0)
CREST_FACTORS = (1.42, 3.0)

PERIODS_S = (0.05, 0.1, 0.25, 0.5)
EXTREMES = tuple(MeterErrors(period, gain, offset) for period in PERIODS_S for gain in (-1, 1) for offset in (-1, 1))
"""Every update period with gain and offset at either end of what the maker allows."""

SHAPED = MeterErrors(shaped=True)
SHAPED_EXTREMES = tuple(
    MeterErrors(PERIOD_S, gain, offset, reactive, shaped=True)
    for gain in (-1, 1)
    for offset in (-1, 1)
    for reactive in (-1, 1)
)
"""At any power factor and crest factor; with the influence of the power factor at either end as well."""

ENDS = ((None, None), (-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0))
TRANSFORMED = tuple(
    MeterErrors(shaped=True, transformer=each, ratio_error=error, displacement=displacement)
    for each in ("0.2", "0.5", "1")
    for error, displacement in ENDS
)
"""Behind a current transformer of each class, with its errors drawn, and at either end of what the class allows."""
