"""The windows of the lab meter: which readings tell of the same one, and how many were not read.

A meter gives the means of its last window until the next one is over. Read more often, it repeats itself; read less
often, it skips some.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.evidence.documents import Kind
from hil.evidence.timing import TRACE_V
from hil.rig.sampling.timer import reading_age

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.scenario.scenario import Trial

ROUNDING = 1e-6
"""Of a number of windows: instants are sums of decimal fractions."""


@dataclass(frozen=True)
class Window:
    """One window of the meter, as one reading or several tell it; or a row of windows without voltage."""

    first: Event
    last: Event

    @property
    def voltage(self) -> float:
        return _number(self.first, "voltage_V")

    @property
    def power(self) -> float:
        return _number(self.first, "power_W")

    @property
    def energy_wh(self) -> float:
        """What was integrated by its end."""
        return _number(self.first, "energy_Wh")

    @property
    def repeated(self) -> bool:
        return self.last is not self.first


def update_period(trial: Trial) -> float:
    """Return the seconds that a window of this rig's meter takes."""
    return float(trial.rig.meter.update_period)


def windows(trial: Trial) -> list[Window]:
    """Return the windows that the readings tell of, in order.

    The same values again within an update period are the same window. Readings without voltage that follow each other
    closely are one row of windows.
    """
    period, found = update_period(trial), list[Window]()
    for event in trial.recorder.events:
        if event.kind is not Kind.READING or event.source != "meter":
            continue
        read = Window(event, event)
        if found and _is_same(found[-1], read, period):
            read = Window(found[-1].first, event)
            found.pop()
        found.append(read)
    return found


def _is_same(earlier: Window, later: Window, period: float) -> bool:
    if max(earlier.voltage, later.voltage) < TRACE_V:
        return later.first.t - earlier.last.t <= period * (1 + ROUNDING)
    return later.first.t - earlier.first.t < period * (1 - ROUNDING) and later.first.data == earlier.first.data


def updates(trial: Trial, earlier: Window, later: Window) -> tuple[int, int]:
    """Return how often the meter updated from one window to another, at least and at most.

    On a wall clock readings may come so unevenly that one skips a window. As they keep to a grid, another one close by
    then tells of a window for the second time.
    """
    period, loose = update_period(trial), _loose(trial, earlier.last, later.first)
    fewest, most = _count(later.first.t - earlier.last.t, loose, period)
    if later.first.data != earlier.first.data:
        fewest = max(1, fewest)
    if loose and most == 2 and not earlier.repeated and not later.repeated:
        most = 1
    return fewest, max(fewest, most)


def row(trial: Trial, dead: Window) -> tuple[int, int]:
    """Return how many windows without voltage a row has, at least and at most."""
    loose = _loose(trial, dead.first, dead.last) if dead.repeated else 0.0
    fewest, most = _count(dead.last.t - dead.first.t, loose, update_period(trial))
    return 1 + fewest, 1 + most


def _count(apart: float, loose: float, period: float) -> tuple[int, int]:
    fewest = math.floor((apart - loose) / period + ROUNDING)
    return max(0, fewest), math.ceil((apart + loose) / period - ROUNDING)


def _loose(trial: Trial, *events: Event) -> float:
    """Return by how much the time between readings may differ from that of their stamps.

    What a reading tells is up to a reading's age older; the latency in it is the same for all readings of a meter.
    """
    age = reading_age(trial.rig.meter)
    return sum(max(0.0, each.before - age) + each.after for each in events)


def _number(event: Event, quantity: str) -> float:
    return float(event.data[quantity])  # type: ignore[arg-type]  # written by the bench as a number
