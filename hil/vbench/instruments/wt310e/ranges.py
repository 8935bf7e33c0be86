"""Ranges of the WT310E: fixed or automatic, and how much of an input each holds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.wt310e.replies import engineering
from hil.vbench.scpi.parameters import Boolean, Command, Number
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.scpi.engine import Commands

VOLTAGE_RANGES: Final = (15.0, 30.0, 60.0, 150.0, 300.0, 600.0)
CURRENT_RANGES: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""V and A rms at crest factor 3; with 6 and A6 each is half of it (IM WT310E-01EN, 2-7)."""

OVER_RANGE: Final = 1.4
RANGE_UP: Final = 1.3
RANGE_DOWN: Final = 0.3
"""Parts of a range: a reading above the first is overrange, automatic ranging goes up and down beyond the others."""

PEAK: Final = 1.1 / OVER_RANGE
"""Peaks up to 330 % of a range fit at crest factor 3 (u): so much of the crest factor is what fills it to 140 %."""

EXPANSION: Final = 2.0
"""With A6 the upper two are 280 % and 260 % (IM WT310E-01EN, 2-17)."""


@dataclass
class Range:
    """Range of one input: fixed, or automatic."""

    ends: tuple[float, ...]
    auto: bool = True
    selected: float = field(init=False)
    expansion: float = 1.0

    def __post_init__(self) -> None:
        self.selected = self.ends[-1]

    def select(self, end: float) -> None:
        """Take this range and leave it there; raises ScpiError if there is none that ends so."""
        for each in self.ends:
            if abs(end - each) <= 1e-9 * each:
                self.auto = False
                self.selected = each
                return
        raise ScpiError(-222)

    def rescale(self, ends: tuple[float, ...], divisor: float, *, expanded: bool) -> None:
        """Have ranges that end at the ``divisor``-th part of ``ends``, and take the largest."""
        self.ends = tuple(end / divisor for end in ends)
        self.selected = self.ends[-1]
        self.expansion = EXPANSION if expanded else 1.0

    def over(self, amount: float) -> bool:
        """Follow ``amount`` in automatic mode; tell whether it does not fit into the range."""
        amount = abs(amount)
        if self.auto:
            up = RANGE_UP * self.expansion
            place = self.ends.index(self.selected)
            while place + 1 < len(self.ends) and amount > up * self.ends[place]:
                place += 1
            while place > 0 and amount <= RANGE_DOWN * self.ends[place] and amount <= up * self.ends[place - 1]:
                place -= 1
            self.selected = self.ends[place]
        return amount > OVER_RANGE * self.expansion * self.selected


def range_commands(pattern: str, unit: str, chosen: Callable[[], Range]) -> Commands:
    """Return range and automatic ranging of one input."""
    anything = Number(0.0, math.inf, 0.0, unit)  # which ranges there are depends on the crest factor
    return {
        f"{pattern}:RANGe": Command(lambda end: chosen().select(end), (anything,)),
        f"{pattern}:RANGe?": Command(lambda: engineering(chosen().selected, 4)),
        f"{pattern}:AUTO": Command(lambda on: setattr(chosen(), "auto", on), (Boolean(),)),
        f"{pattern}:AUTO?": Command(lambda: str(int(chosen().auto))),
    }
