"""How the WT310E ranges, averages and writes what it measures, and its extended event register.

``130.06E+01`` is never written: the exponent is a multiple of 3. Five significant digits, six for integrated values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from hil.vbench.plant.terminals import MeterSample
from hil.vbench.scpi.parameters import Boolean, Choice, Command, Steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.scpi.engine import Commands
    from hil.vbench.scpi.metering import Integrator

VOLTAGE_RANGES: Final = (15.0, 30.0, 60.0, 150.0, 300.0, 600.0)
CURRENT_RANGES: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""V and A rms at crest factor 3 (yoko-tool lists them; with crest factor 6 half of each fits)."""

OVER_RANGE: Final = 1.4
RANGE_UP: Final = 1.3
RANGE_DOWN: Final = 0.3
"""Parts of a range: a reading above the first is overrange, automatic ranging goes up and down beyond the others."""

NO_DATA: Final = "NAN"
OVER: Final = "INF"

FUNCTIONS: Final = Choice(
    *("U", "I", "P", "S", "Q", "LAMBda", "PHI", "FU", "FI", "TIME", "WH", "WHP", "WHM", "AH", "AHP", "AHM"),
    *("URANge", "IRANge", "NONE"),
)

UPDATING: Final = 1 << 0
INTEGRATING: Final = 1 << 1
OVERRANGE: Final = 1 << 6
"""Bits of the condition register (manual, 7.4)."""

EXTENDED_SUMMARY: Final = 1 << 3
"""EES, the extended event register's bit of the status byte."""


class Item(NamedTuple):
    """A numeric item of element 1."""

    function: str

    def __str__(self) -> str:
        return self.function if self.function == "NONE" else f"{self.function},1"


class Reading(NamedTuple):
    """V, A, W (None: over range) and Hz of one update interval."""

    voltage: float | None
    current: float | None
    power: float | None
    frequency: float


def engineering(amount: float, digits: int) -> str:
    """Return ``amount`` in NR3 with ``digits`` significant digits and an exponent that is a multiple of 3."""
    mantissa, _, exponent = f"{amount:.{digits - 1}e}".partition("e")
    power = int(exponent)
    shift = power % 3
    return f"{float(mantissa) * 10**shift:.{digits - 1 - shift}f}E{power - shift:+03d}"


@dataclass
class Range:
    """Range of one input: fixed, or automatic."""

    ends: tuple[float, ...]
    auto: bool = True
    selected: float = field(init=False)

    def __post_init__(self) -> None:
        self.selected = self.ends[-1]

    def select(self, end: float) -> None:
        """Take this range and leave it there."""
        self.auto = False
        self.selected = end

    def over(self, amount: float, crest_factor: int) -> bool:
        """Follow ``amount`` in automatic mode; tell whether it does not fit into the range."""
        scale = crest_factor / 3
        amount = abs(amount) * scale
        if self.auto:
            place = self.ends.index(self.selected)
            while place + 1 < len(self.ends) and amount > RANGE_UP * self.ends[place]:
                place += 1
            while place > 0 and amount <= RANGE_DOWN * self.ends[place] and amount <= RANGE_UP * self.ends[place - 1]:
                place -= 1
            self.selected = self.ends[place]
        return amount > OVER_RANGE * self.selected


class Averager:
    """Makes one sample of an update interval from the plant's samples, which are shorter."""

    def __init__(self) -> None:
        self._samples: list[MeterSample] = []
        self._due: float | None = None

    def add(self, sample: MeterSample, interval: float) -> MeterSample | None:
        """Take a sample; return the whole interval's when it ends with this one."""
        self._samples.append(sample)
        if self._due is None:
            self._due = sample.t - sample.period + interval
        if sample.t < self._due - 1e-9:
            return None
        samples, self._samples = self._samples, []
        self._due = max(self._due, sample.t - interval) + interval
        if len(samples) == 1:
            return sample
        period = sum(one.period for one in samples)

        def mean(values: list[float]) -> float:
            return sum(v * one.period for v, one in zip(values, samples, strict=True)) / period

        return MeterSample(
            sample.t,
            period,
            math.sqrt(mean([one.voltage**2 for one in samples])),
            math.sqrt(mean([one.current**2 for one in samples])),
            mean([one.power for one in samples]),
            sample.frequency,
        )


class ExtendedEvents:
    """Condition register, transition filters and extended event register (manual, 7.4)."""

    def __init__(self) -> None:
        self.power_on()

    def power_on(self) -> None:
        """Go back to the power-on state: no condition, nothing enabled, no filter."""
        self.condition = self.enable = self._events = 0
        self.filters = ["NEV"] * 16

    def set_filter(self, number: int, transition: str) -> None:
        """Choose which transition of condition ``number`` (1 to 16) makes an event."""
        self.filters[number - 1] = transition

    def updated(self, *, integrating: bool, over: bool) -> None:
        """An update began and is complete."""
        after = (INTEGRATING if integrating else 0) | (OVERRANGE if over else 0)
        self._move(self.condition | UPDATING)
        self._move(after)

    def _move(self, condition: int) -> None:
        rising, falling = condition & ~self.condition, self.condition & ~condition
        self.condition = condition
        for bit, transition in enumerate(self.filters):
            seen = (rising if transition in {"RISE", "BOTH"} else 0) | (
                falling if transition in {"FALL", "BOTH"} else 0
            )
            self._events |= seen & 1 << bit

    def any_of(self, mask: int) -> bool:
        """Tell whether one of the events of ``mask`` happened since the register was read."""
        return bool(self._events & mask)

    def read(self) -> str:
        """``:STATus:EESR?``: return and clear."""
        events, self._events = self._events, 0
        return str(events)

    def summary(self) -> int:
        """Return the status byte's bit of these events; 0 if none that is enabled happened."""
        return EXTENDED_SUMMARY if self._events & self.enable else 0


def value(function: str, reading: Reading | None, sums: Integrator | None, ranges: tuple[float, float]) -> str:
    """Return the text of one function (short form); ``sums`` is None while the integrator is reset."""
    if function in {"URAN", "IRAN"}:
        return engineering(ranges[function == "IRAN"], 4)
    if function in _INTEGRATED:
        return NO_DATA if sums is None else _INTEGRATED[function](sums)
    if reading is None or function == "NONE":
        return NO_DATA
    if function in {"FU", "FI"}:
        return engineering(reading.frequency, 5) if reading.frequency else NO_DATA
    amount = _measured(function, reading)
    return amount if isinstance(amount, str) else engineering(amount, 5)


def _measured(function: str, reading: Reading) -> float | str:
    voltage, current, power = reading.voltage, reading.current, reading.power
    if function in {"U", "I", "P"}:
        amount = {"U": voltage, "I": current, "P": power}[function]
        return OVER if amount is None else amount
    if voltage is None or current is None or power is None:
        return OVER
    apparent = voltage * current
    factor = max(-1.0, min(1.0, power / apparent)) if apparent else 0.0
    if function == "S":
        return apparent
    if function == "Q":
        return apparent * math.sqrt(1.0 - factor * factor)
    if not apparent:
        return OVER  # the display shows Error
    return factor if function == "LAMB" else math.degrees(math.acos(factor))


_INTEGRATED: Final = {
    "TIME": lambda sums: f"{sums.time:.0f}",
    "WH": lambda sums: engineering(sums.watt_hours_positive + sums.watt_hours_negative, 6),
    "WHP": lambda sums: engineering(sums.watt_hours_positive, 6),
    "WHM": lambda sums: engineering(sums.watt_hours_negative, 6),
    "AH": lambda sums: engineering(sums.ampere_hours_positive + sums.ampere_hours_negative, 6),
    "AHP": lambda sums: engineering(sums.ampere_hours_positive, 6),
    "AHM": lambda sums: engineering(sums.ampere_hours_negative, 6),
}


def range_commands(pattern: str, ends: tuple[float, ...], unit: str, chosen: Callable[[], Range]) -> Commands:
    """Return range and automatic ranging of one input, whose ranges end at ``ends``."""
    return {
        f"{pattern}:RANGe": Command(lambda end: chosen().select(end), (Steps(ends, unit),)),
        f"{pattern}:RANGe?": Command(lambda: engineering(chosen().selected, 4)),
        f"{pattern}:AUTO": Command(lambda on: setattr(chosen(), "auto", on), (Boolean(),)),
        f"{pattern}:AUTO?": Command(lambda: str(int(chosen().auto))),
    }
