"""How the WT310E averages and writes what it measures, and its extended event register.

``130.06E+01`` is never written: the exponent is a multiple of 3. Five significant digits, six for integrated values.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from hil.vbench.plant.terminals import MeterSample
from hil.vbench.scpi.parameters import Choice

if TYPE_CHECKING:
    from hil.vbench.scpi.headers import Headers

SINE: Final = math.sqrt(2.0)
"""Crest factor of a sine, as the mains' voltage is."""

NO_DATA: Final = "NAN"
OVER: Final = "INF"

FUNCTIONS: Final = Choice(
    *("U", "I", "P", "S", "Q", "LAMBda", "PHI", "FU", "FI", "UPPeak", "UMPeak", "IPPeak", "IMPeak", "PPPeak", "PMPeak"),
    *("TIME", "WH", "WHP", "WHM", "AH", "AHP", "AHM", "MATH", "URANge", "IRANge", "NONE"),
)
WITHOUT_ELEMENT: Final = frozenset({"NONE", "MATH"})

UPDATING: Final = 1 << 0
INTEGRATING: Final = 1 << 1
OVERRANGE: Final = 1 << 6
"""Bits of the condition register (manual, 7.4)."""

EXTENDED_SUMMARY: Final = 1 << 3
"""EES, the extended event register's bit of the status byte."""


class Item(NamedTuple):
    """A numeric item of element 1."""

    function: str

    def text(self, headers: Headers) -> str:
        """Return it as a query answers."""
        name = headers.character(FUNCTIONS, self.function)
        return name if self.function in WITHOUT_ELEMENT else f"{name},1"


class Reading(NamedTuple):
    """V, A, W (None: over range) and Hz of one update interval."""

    voltage: float | None
    current: float | None
    power: float | None
    frequency: float
    crest_factor: float = SINE
    """Of the current."""


def engineering(amount: float, digits: int) -> str:
    """Return ``amount`` in NR3 with ``digits`` significant digits and an exponent that is a multiple of 3."""
    mantissa, _, exponent = f"{amount:.{digits - 1}e}".partition("e")
    power = int(exponent)
    shift = power % 3
    return f"{float(mantissa) * 10**shift:.{digits - 1 - shift}f}E{power - shift:+03d}"


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
            mean([one.reactive for one in samples]),
            max(one.crest_factor for one in samples),
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
