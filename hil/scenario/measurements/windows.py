"""The windows of the lab meter: which readings tell of the same one, and how many were not read.

A meter gives the means of its last window until the next one is over. Read more often, it repeats itself; read less
often, it skips some.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from hil.evidence.documents import Event, Kind
from hil.evidence.event_intervals import TRACE_V
from hil.rig.sampling.timer import reading_age

if TYPE_CHECKING:
    from hil.scenario.observer import Observer

ROUNDING = 1e-6
"""Of a number of windows: instants are sums of decimal fractions."""


class Window(NamedTuple):
    """One window of the meter, as one reading or several tell it; or a row of windows without voltage."""

    first: Event
    last: Event
    voltage: float
    power: float
    repeated: bool = False
    """Whether its last two readings are the same: then one update was read twice."""

    @property
    def energy_wh(self) -> float:
        """What was integrated by its end."""
        return _number(self.first, "energy_Wh")


def update_period(observer: Observer) -> float:
    """Return the seconds that a window of this rig's meter takes."""
    return float(observer.rig.meter.update_period)


_SO_FAR: WeakKeyDictionary[Observer, tuple[float, int, list[Window]]] = WeakKeyDictionary()
"""Of each scenario: update period, number of events looked at, and the windows in them; events are only ever added."""


def windows(observer: Observer) -> list[Window]:
    """Return the windows that the readings tell of, in order.

    The same values again within an update period are the same window. Readings without voltage that follow each other
    closely are one row of windows.
    """
    period, events = update_period(observer), observer.recorder.events
    known, looked_at, found = _SO_FAR.get(observer, (period, 0, list[Window]()))
    if known != period:
        looked_at, found = 0, []
    for event in events[looked_at:]:
        if event.kind is not Kind.READING or event.source != "meter":
            continue
        voltage = _number(event, "voltage_V")
        if found and _is_same(found[-1], event, voltage, period):
            earlier = found[-1]
            same = event.data == earlier.last.data
            found[-1] = Window(earlier.first, event, earlier.voltage, earlier.power, same)
        else:
            found.append(Window(event, event, voltage, _number(event, "power_W")))
    _SO_FAR[observer] = period, len(events), found
    return list(found)


def _is_same(earlier: Window, later: Event, voltage: float, period: float) -> bool:
    """Tell whether a reading, of this voltage, is of the window before it."""
    if earlier.voltage < TRACE_V and voltage < TRACE_V:
        return later.t - earlier.last.t <= period * (1 + ROUNDING)
    return later.t - earlier.first.t < period * (1 - ROUNDING) and later.data == earlier.first.data


class Grid:
    """The windows of one meter, and how the stamps of readings lie on them."""

    def __init__(self, observer: Observer) -> None:
        self.period = update_period(observer)
        """Of the meter, in s."""
        self._age = reading_age(observer.rig.meter)

    def updates(self, earlier: Window, later: Window) -> tuple[int, int]:
        """Return how often the meter updated from one window to another, at least and at most.

        On a wall clock readings may come so unevenly that one skips a window. As they keep to a grid, another one
        close by then tells of a window for the second time.
        """
        loose = self._loose(earlier.last, later.first)
        fewest, most = _count(later.first.t - earlier.last.t, loose, self.period)
        if later.first.data != earlier.first.data:
            fewest = max(1, fewest)
        if loose and most == 2 and not earlier.repeated and not later.repeated:
            most = 1
        return fewest, max(fewest, most)

    def row(self, dead: Window) -> tuple[int, int]:
        """Return how many windows without voltage a row has, at least and at most."""
        loose = self._loose(dead.first, dead.last) if dead.last is not dead.first else 0.0
        fewest, most = _count(dead.last.t - dead.first.t, loose, self.period)
        return 1 + fewest, 1 + most

    def _loose(self, one: Event, other: Event) -> float:
        """Return by how much the time between two readings may differ from that of their stamps.

        What a reading tells is up to a reading's age older; the latency in it is the same for all readings of a meter.
        """
        age = self._age
        return max(0.0, one.before - age) + one.after + (max(0.0, other.before - age) + other.after)


def updates(observer: Observer, earlier: Window, later: Window) -> tuple[int, int]:
    """Return how often the meter updated from one window to another, see :meth:`Grid.updates`."""
    return Grid(observer).updates(earlier, later)


def _count(apart: float, loose: float, period: float) -> tuple[int, int]:
    fewest = math.floor((apart - loose) / period + ROUNDING)
    return max(0, fewest), math.ceil((apart + loose) / period - ROUNDING)


def _number(event: Event, quantity: str) -> float:
    return float(event.data[quantity])  # type: ignore[arg-type]  # written by the bench as a number
